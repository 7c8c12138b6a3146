"""What was asked and not answered (`xiaoer report`).

store.py      what is kept of it, and for how long; the widget's channel writes there
grouping.py   questions that are alike, and the articles nearest to them
report.py     the report: terminal, JSON, page (page.html)
draft.py      from a group to a draft article and draft phrases, for a person to finish
"""
