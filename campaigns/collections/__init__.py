"""Collections: debts apart from people, promises to pay, payments, holds, call histories, and what may be disclosed."""
