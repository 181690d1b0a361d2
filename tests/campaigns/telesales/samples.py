"""Scripts for tests."""

SPRING = """
title = "Spring offer"
start = "greeting"

[fields.reached]
kind = "choice"
prompt = "Who is on the phone?"
choices = ["customer", "somebody else"]
required = true

[fields.interested]
kind = "yes-no"
required = true

[fields.product]
kind = "choice"
choices = ["Basic", "Gold"]
required = true

[fields.quantity]
kind = "number"
whole = true
min = 1
max = 9

[fields.amount]
kind = "money"
currency = "EUR"
required = true

[fields.email]
kind = "text"

[fields.again]
kind = "yes-no"
prompt = "Another question?"
required = true

[steps.greeting]
text = "This is {agent.name} of {campaign.name}. Do I speak with {lead.first_name|the customer}?"
ask = ["reached"]
next = [{ if = "reached", is = "customer", go = "offer" }, { go = "later" }]

[steps.offer]
text = "We have {{two}} plans for {lead.city|your town}."
ask = ["interested"]
next = [{ if = "interested", is = true, go = "order" }, { go = "questions" }]

[steps.questions]
text = "May I answer a question?"
ask = ["again"]
next = [{ if = "again", is = "yes", go = "offer" }, { go = "goodbye" }]

[steps.order]
ask = ["product", "quantity", "amount"]
next = "confirm"

[steps.confirm]
text = "You take {answer.product} for {answer.amount}."
ask = ["email"]
end = ["SALE"]

[steps.later]
text = "When may I call again?"
end = ["CALLBK", "NI"]

[steps.goodbye]
text = "Thank you."
end = ["NI", "DNC"]

[required]
SALE = ["product", "amount"]
"""

# What a customer answers who buys.
BUYING = {
    "reached": "customer",
    "interested": "yes",
    "product": "Gold",
    "quantity": "2",
    "amount": "19.90",
    "email": "",
}

ARREARS = """
[fields.verified]
kind = "yes-no"
required = true

[steps.greeting]
text = "Do I speak with {lead.name}?"
ask = ["verified"]
next = [{ if = "verified", is = true, go = "notice" }, { go = "wrong" }]

[steps.notice]
text = "This is an attempt to collect a debt."
right_party = true
says = ["mini_miranda"]
next = "debt"

[steps.debt]
text = "You owe {debt.balance} to {debt.creditor}."
end = ["PTP", "RPC"]

[steps.wrong]
text = "Sorry."
end = ["WPC"]
"""
