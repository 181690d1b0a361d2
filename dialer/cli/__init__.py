"""`dialer [--site DIR] NOUN VERB`: the command line of the appliance."""

try:
    from pathlib import Path

    import click

    from dialer import __version__
    from dialer.cli import (
        agent,
        audit,
        callback,
        campaign,
        consent,
        debt,
        demo,
        dnc,
        doctor,
        history,
        hold,
        init,
        leads,
        lists,
        payment,
        person,
        promise,
        quota,
        report,
        rules,
        run,
        sale,
        script,
        simulate,
        sms,
        status,
        why,
    )
    from dialer.cli.context import Context
    from dialer.cli.plugins import Plugged
except KeyboardInterrupt:
    # Loading takes the better part of a second, and Python would answer a Ctrl-C in it with a traceback.
    raise SystemExit("ended by Ctrl-C") from None


@click.group(cls=Plugged, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--site",
    type=click.Path(path_type=Path),
    envvar="DIALER_SITE",
    default=Path(),
    help="Directory of the site. Default: $DIALER_SITE, else the current directory.",
)
@click.version_option(__version__, prog_name="dialer")
@click.pass_context
def main(ctx: click.Context, site: Path) -> None:
    """Ringpace: a predictive dialer in a box.

    \b
    First steps:
      dialer demo                          watch a campaign run for real
      dialer init mysite                   make a site of your own
      dialer --site mysite doctor          see what is still missing
    """
    ctx.obj = Context(site)


for command in (
    init.init,
    campaign.campaign,
    leads.leads,
    lists.lists,
    callback.callback,
    sms.sms,
    dnc.dnc,
    consent.consent,
    debt.debt,
    promise.promise,
    payment.payment,
    hold.hold,
    history.history,
    script.script,
    sale.sale,
    quota.quota,
    agent.agent,
    run.run,
    status.status,
    why.why,
    report.report,
    rules.rules,
    demo.demo,
    simulate.simulate,
    audit.audit,
    person.person,
    doctor.doctor,
):
    main.add_command(command)
