"""The tasks, one file a group: a buyer's (policies, claims, appeals), a seller's (shops, selling, reports, enrolling), handing over."""
