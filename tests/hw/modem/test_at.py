import itertools

from hypothesis import given
from hypothesis import strategies as st

from hw.modem.at import (
    MAX_INFO_LINES,
    MAX_LINE,
    MAX_QUEUED,
    PROMPT,
    QUIET_S,
    SYNC_LIMIT_S,
    SYNC_TRIES,
    Chat,
    Command,
    Final,
    LineReader,
    Reply,
    Silent,
    Unsolicited,
    number_at,
    parameters,
)

CSQ = Command("AT+CSQ", ("+CSQ:",))
SIGNAL = b"\r\n+CSQ: 17,99\r\n\r\nOK\r\n"

modem_like = st.lists(
    st.sampled_from(
        [
            b"OK",
            b"ERROR",
            b"\r\n",
            b"\r",
            b"\n",
            b"> ",
            b"+CME ERROR: 10",
            b"+CLCC: 1,0,0,0,0",
            b"+CDS: 25\r\n",
            b"0791",
            b"NO CARRIER",
            b"BUSY",
            b"RING",
            b"RDY",
            b'+QIND: "ccinfo",1,0,0,0,0,"1",129',
            b'+QIND: "ccinfo",1,0,-1,0,0,"1",129',
            b"+CREG: 1",
            b"+CREG: 3",
            b"AT+CSQ",
            b"\x00",
            b"\xff\xfe",
            b'"',
        ]
    )
    | st.binary(max_size=20),
    max_size=40,
).map(b"".join)


def ask(chat: Chat, command: Command, now: float = 0.0) -> bytes:
    chat.ask(command, now)
    return chat.output()


class TestLineReader:
    @given(modem_like, st.lists(st.integers(0, 200), max_size=8))
    def test_pieces_of_any_size_make_the_same_lines(self, data: bytes, cuts: list[int]) -> None:
        whole, pieces = LineReader(), LineReader()
        places = sorted({0, *(cut for cut in cuts if cut < len(data)), len(data)})
        in_pieces = [line for begin, end in itertools.pairwise(places) for line in pieces.feed(data[begin:end])]
        assert whole.feed(data) == in_pieces

    def test_any_line_end_will_do(self) -> None:
        assert LineReader().feed(b"\r\r\nA\r\r\nB\nC\rD\r\n") == ["A", "B", "C", "D"]

    def test_a_line_without_end_is_dropped_and_the_next_one_read(self) -> None:
        reader = LineReader()
        assert reader.feed(b"x" * (50 * MAX_LINE)) == []
        assert reader.feed(b"\r\nOK\r\n") == ["OK"]
        assert reader.overlong == 1

    def test_bytes_that_are_no_text_do_not_hide_a_line(self) -> None:
        assert LineReader().feed(b"\x00\x01OK\x7f\xff\r\n")[0].startswith("OK")

    def test_a_prompt_is_seen_only_where_one_is_expected(self) -> None:
        reader = LineReader()
        assert reader.feed(b"\r\n> ") == []
        reader.clear()
        reader.expects_prompt = True
        assert reader.feed(b"\r\n> ") == [PROMPT]


class TestChat:
    def test_an_answer_with_its_line(self) -> None:
        chat = Chat()
        assert ask(chat, CSQ) == b"AT+CSQ\r"
        assert chat.feed(SIGNAL, 0.1) == [Reply(CSQ, Final.OK, ("+CSQ: 17,99",))]
        assert chat.idle

    def test_the_echo_is_no_answer(self) -> None:
        chat = Chat()
        ask(chat, CSQ)
        assert chat.feed(b"AT+CSQ\r" + SIGNAL, 0.1) == [Reply(CSQ, Final.OK, ("+CSQ: 17,99",))]

    def test_commands_wait_for_their_turn(self) -> None:
        chat = Chat()
        assert ask(chat, CSQ) == b"AT+CSQ\r"
        assert ask(chat, Command("AT+CREG?")) == b""
        chat.ask(Command("AT+CHUP"), 0.0, first=True)
        chat.feed(SIGNAL, 0.1)
        assert chat.output() == b"AT+CHUP\r"
        chat.feed(b"\r\nOK\r\n", 0.2)
        assert chat.output() == b"AT+CREG?\r"

    def test_a_notification_inside_an_answer_is_told_apart(self) -> None:
        chat = Chat(("+CREG:",))
        ask(chat, CSQ)
        heard = chat.feed(b"\r\n+CSQ: 17,99\r\n\r\n+CREG: 5\r\n\r\nNO CARRIER\r\n\r\nOK\r\n", 0.1)
        assert heard == [Unsolicited("+CREG: 5"), Unsolicited("NO CARRIER"), Reply(CSQ, Final.OK, ("+CSQ: 17,99",))]

    def test_an_answer_without_prefix_leaves_notifications_out(self) -> None:
        maker = Command("AT+CGMI", bare=True)
        chat = Chat(("RING",))
        ask(chat, maker)
        heard = chat.feed(b"\r\nRING\r\n\r\nQuectel\r\n\r\nOK\r\n", 0.1)
        assert heard == [Unsolicited("RING"), Reply(maker, Final.OK, ("Quectel",))]

    def test_call_results_end_only_what_dials(self) -> None:
        dial = Command("ATD+12125550100;", dials=True)
        chat = Chat()
        ask(chat, dial)
        assert chat.feed(b"\r\nBUSY\r\n", 0.1) == [Reply(dial, Final.BUSY)]

    def test_errors_carry_their_number(self) -> None:
        chat = Chat()
        for text, final, code in (
            (b"ERROR", Final.ERROR, None),
            (b"+CME ERROR: 30", Final.CME_ERROR, 30),
            (b"+CMS ERROR: 304", Final.CMS_ERROR, 304),
            (b"+CME ERROR: SIM not inserted", Final.CME_ERROR, None),
        ):
            ask(chat, CSQ)
            assert chat.feed(b"\r\n" + text + b"\r\n", 0.1) == [Reply(CSQ, final, (), code)]

    def test_a_body_follows_the_prompt(self) -> None:
        chat = Chat()
        ask(chat, Command("AT+CMGS=5", ("+CMGS:",), body=b"0011"))
        assert chat.feed(b"\r\n> ", 0.1) == []
        assert chat.output() == b"0011\x1a"
        (reply,) = chat.feed(b"\r\n+CMGS: 7\r\n\r\nOK\r\n", 0.2)
        assert isinstance(reply, Reply)
        assert reply.lines == ("+CMGS: 7",)

    def test_a_delivery_report_is_one_notification_of_two_lines(self) -> None:
        chat = Chat()
        assert chat.feed(b"\r\n+CDS: 25\r\n0002AABBCCDD\r\n", 0.0) == [Unsolicited("+CDS: 25\n0002AABBCCDD")]

    def test_a_delivery_report_cut_in_half_hides_no_answer(self) -> None:
        chat = Chat()
        ask(chat, CSQ)
        assert chat.feed(b"\r\n+CDS: 25\r\n" + SIGNAL, 0.1)[-1] == Reply(CSQ, Final.OK, ("+CSQ: 17,99",))

    def test_a_late_result_is_not_taken_for_the_next_command(self) -> None:
        chat = Chat()
        ask(chat, CSQ)
        calls = Command("AT+CLCC", ("+CLCC:",))
        chat.ask(calls, 1.0)
        assert chat.handle_timer(5.0) == [Reply(CSQ, Final.TIMEOUT)]
        assert chat.output() == b"AT\r"
        assert chat.feed(SIGNAL, 5.5) == [Unsolicited("+CSQ: 17,99")]
        assert chat.feed(b"\r\nOK\r\n", 5.6) == []
        assert chat.output() == b""
        chat.handle_timer(5.5 + QUIET_S)
        assert chat.output() == b"AT+CLCC\r"
        assert chat.feed(b"\r\nOK\r\n", 6.0) == [Reply(calls, Final.OK)]

    def test_a_modem_that_never_answers_is_told_once_and_left_alone(self) -> None:
        chat = Chat()
        ask(chat, CSQ)
        heard, now = chat.handle_timer(5.0), 5.0
        for _ in range(SYNC_TRIES):
            now += SYNC_LIMIT_S
            heard += chat.handle_timer(now)
        assert heard == [Reply(CSQ, Final.TIMEOUT), Silent()]
        chat.output()
        assert ask(chat, CSQ, now) == b""
        assert chat.deadline is None
        assert chat.restart() == [Reply(CSQ, Final.GONE)]
        assert ask(chat, CSQ, now) == b"AT+CSQ\r"

    def test_too_many_commands_are_refused(self) -> None:
        chat = Chat()
        accepted = sum(chat.ask(CSQ, 0.0) for _ in range(2 * MAX_QUEUED))
        assert accepted == MAX_QUEUED + 1

    def test_an_answer_without_end_is_kept_within_bounds(self) -> None:
        chat = Chat()
        ask(chat, CSQ)
        chat.feed(b"\r\n+CSQ: 1,1\r\n" * 10 * MAX_INFO_LINES, 0.1)
        (reply,) = chat.feed(b"OK\r\n", 0.2)
        assert isinstance(reply, Reply)
        assert len(reply.lines) == MAX_INFO_LINES

    def test_secrets_are_not_shown(self) -> None:
        pin = Command('AT+CPIN="1234"', secret=True)
        assert "1234" not in repr(Reply(pin, Final.ERROR)) + pin.shown

    @given(
        st.lists(
            st.tuples(
                modem_like,
                st.sampled_from(["", "AT+CSQ", "AT+CMGS=9", "ATD1;", "AT+CGMI"]),
                st.floats(0, 20),
            ),
            max_size=20,
        )
    )
    def test_whatever_comes_every_command_gets_one_reply(self, turns: list[tuple[bytes, str, float]]) -> None:
        chat, now, asked, replies = Chat(("+CREG:",)), 0.0, 0, 0
        for data, text, pause_s in turns:
            if text:
                command = Command(
                    text, ("+CSQ:",), bare="CGMI" in text, dials="D1" in text, body=b"00" * ("=9" in text)
                )
                asked += chat.ask(command, now)
            heard = chat.feed(data, now)
            now += pause_s
            heard += chat.handle_timer(now)
            replies += sum(isinstance(one, Reply) for one in heard)
            assert len(chat.output()) < 64 * (MAX_QUEUED + len(data))
        replies += len(chat.restart())
        assert replies == asked
        assert chat.idle


class TestParameters:
    def test_commas_in_quotes_do_not_part(self) -> None:
        assert parameters('+CLCC: 1,0,3,0,0,"+1,2",145,') == ["1", "0", "3", "0", "0", "+1,2", "145", ""]

    def test_what_is_no_number_is_none(self) -> None:
        assert [number_at(["7", "x"], place) for place in range(3)] == [7, None, None]

    @given(st.text(max_size=200))
    def test_any_line_has_parameters(self, line: str) -> None:
        assert isinstance(parameters(line), list)
