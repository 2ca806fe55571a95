"""What comes back to the public purse: mothers who work more, and the taxes they pay."""

from sim.params import Facts, number


class WelfareFacts(Facts):
    """A first-order add-on to the model: nobody in it decides whether to work."""

    work_per_child_month: float = number(
        "months",
        "months of a mother's work that come with an added full-day child-month, where no grandparent can care",
        at_most=1,
    )
    tax_per_work_month: float = number(
        "yuan", "taxes and contributions that a month of a mother's work brings the public purse", default=0.0, idle=0
    )
