"""Demo accounts, shops and orders: every state there is, the same every time, dated backwards from today.

What they are is written in the files beside this one (`accounts.yml`, `orders.yml`, `crowd.yml`); `seed` writes them.
"""
