"""How the dashboard looks: what is wrong first, then the paywalls, or how to make the first one."""

import reflex as rx

from app.web.components.parts import app_icon, instead, note, panel_skeletons, sandbox_tag, tag
from app.web.developer.dashboard.rows import PaywallRow, TotalRow
from app.web.developer.dashboard.state import SPANS, DashboardState
from app.web.developer.frame.parts import attention_list
from app.web.frame import routes
from app.web.frame.layout import own_frame

_state = DashboardState
_COLUMNS = (("Revenue", ""), ("Cost", "gives-1"), ("Margin", ""))


def dashboard() -> rx.Component:
    """Returns the page of all paywalls of somebody."""
    page = _state.page
    create = rx.el.a("New paywall", href=f"{routes.NEW_PAYWALL}/", class_name="btn s primary")
    spans = rx.el.nav(
        *(rx.el.a(f"{days} days", href=f"?days={days}", class_name="btn",
                  aria_current=rx.cond(page.days.to_string() == days, "page", "false")) for days in SPANS),
        class_name="segments", aria_label="Span",
    )  # fmt: skip
    earned = rx.el.a("Earnings", href=f"{routes.EARNINGS}/", class_name="btn s")
    sums = rx.el.a("Analytics", href=f"{routes.ACCOUNT_ANALYTICS}/", class_name="btn s")
    operated = rx.el.a("This instance", href=f"{routes.OPERATOR_HEALTH}/", class_name="btn s")
    instance = rx.cond(page.is_operator, operated, rx.fragment())
    tools = rx.el.div(
        instance, spans, sums, earned, rx.cond(page.may_create, create, rx.fragment()), class_name="row wrap"
    )
    head = rx.el.div(rx.el.h1("Paywalls"), rx.cond(page.paywalls, tools, rx.fragment()), class_name="page-head")
    trouble = rx.cond(_state.problem != "", note("Not up to date", _state.problem, "wait"), rx.fragment())
    totals = rx.foreach(page.totals, _total)
    paywalls = rx.fragment(attention_list(page.attention), _list(), totals)
    body = rx.cond(page.paywalls, paywalls, _none())
    shown = rx.el.div(head, rx.cond(_state.phase == "ready", rx.fragment(trouble, body),
                                    panel_skeletons("96px", "220px")), class_name="page")  # fmt: skip
    failed = instead("The dashboard cannot be shown", _state.problem)
    return own_frame(rx.cond(_state.phase == "invalid", failed, shown), current=routes.DASHBOARD, visitor=_state)


def _list() -> rx.Component:
    page = _state.page
    head = rx.el.div(rx.el.h2("Your paywalls"), rx.el.small("Units and environments are never added up.",
                                                            class_name="muted"), class_name="panel-head")  # fmt: skip
    names = (rx.el.th(name, class_name=f"right {wide}") for name, wide in _COLUMNS)
    titles = rx.el.thead(
        rx.el.tr(rx.el.th("Paywall"), rx.el.th("Environment"), *names, rx.el.th("Alerts", class_name="right gives-2"))
    )
    table = rx.el.table(titles, rx.el.tbody(rx.foreach(page.paywalls, _row)), class_name="sums")
    more = rx.cond(page.more != "", rx.el.p(page.more, class_name="muted item"), rx.fragment())
    return rx.el.section(head, table, more, class_name="panel", aria_label="Your paywalls")


def _row(row: rx.Var[PaywallRow]) -> rx.Component:
    environment = rx.cond(row.is_sandbox, tag("Sandbox", tone="wait"), tag("Live"))
    alert = rx.match(
        row.tone,
        ("bad", tag(row.alert, tone="bad")),
        ("wait", tag(row.alert, tone="wait")),
        rx.el.span("None", class_name="faint"),
    )
    look = rx.cond(row.alert != "", "right gives-2", "right gives-2 none")
    sums = row.sums
    cells = (
        (
            sums.revenue,
            rx.el.small(sums.requests, rx.cond(sums.requests == "1", " request", " requests"), class_name="muted"),
        ),
        (sums.cost, rx.fragment()),
        (sums.margin, rx.el.small(sums.share, class_name="muted")),
    )
    return rx.el.tr(
        rx.el.td(rx.el.a(app_icon(row.initials, row.icon),
                         rx.el.span(rx.el.b(row.name), rx.el.small(row.mode, class_name="muted")), href=row.url,
                         class_name="named")),
        rx.el.td(rx.cond(row.is_archived, tag("Archived", tone="bad"), environment), class_name="corner"),
        *(rx.el.td(value, under, class_name=f"right num {wide}", custom_attrs={"data-label": name})
          for (name, wide), (value, under) in zip(_COLUMNS, cells, strict=True)),
        rx.el.td(alert, class_name=look, custom_attrs={"data-label": "Alerts"}), key=row.id,
    )  # fmt: skip


def _total(row: rx.Var[TotalRow]) -> rx.Component:
    sums = row.sums

    def figure(name: str, value: rx.Var[str], under: rx.Var[str] | str) -> rx.Component:
        return rx.el.div(rx.el.small(name, class_name="muted"), rx.el.b(value, class_name="num"),
                         rx.el.small(under, class_name="muted"))  # fmt: skip

    return rx.el.section(
        rx.el.div(rx.el.h2(row.title), sandbox_tag(row.is_sandbox), class_name="panel-head"),
        rx.el.div(
            figure("Revenue", sums.revenue, "after refunds"), figure("Provider cost", sums.cost, ""),
            rx.cond(sums.has_fee, figure("Fee", sums.fee, ""), rx.fragment()),
            figure("Margin", sums.margin, sums.share),
            figure("Requests", sums.requests, ""), class_name="figures",
        ),
        class_name="panel", aria_label=row.title, key=row.id,
    )  # fmt: skip


def _none() -> rx.Component:
    """What somebody sees before their first paywall."""
    create = rx.el.a("New paywall", href=f"{routes.NEW_PAYWALL}/", class_name="btn primary")
    nobody = rx.el.p("Only those whom the operator named create paywalls here. Ask the operator.", class_name="muted")
    steps = (
        ("Choose a mode", "Whose wallet pays, and where the money goes."),
        ("Set provider, payments and prices", "In the sandbox all three are there already."),
        ("Change two lines of your app", "The last step shows your first request as it comes."),
    )
    listed = rx.el.ol(
        *(rx.el.li(rx.el.span(str(number), class_name="step", aria_hidden="true"),
                   rx.el.span(rx.el.b(title), rx.el.small(text, class_name="muted")), class_name="step-line")
          for number, (title, text) in enumerate(steps, start=1))
    )  # fmt: skip
    code = rx.el.pre(
        "client = OpenAI(\n", rx.el.span("-   api_key=OPENAI_KEY,\n", class_name="gone"),
        rx.el.span("+   api_key=COINSLOT_KEY,\n+   base_url=COINSLOT_URL + \"/v1\",\n", class_name="added"), ")",
        tab_index=0,
    )  # fmt: skip
    return rx.el.section(
        rx.el.div(
            rx.el.h2("No paywall yet"),
            rx.el.p("A paywall stands between your app and its model. Your users pay for what they use; your code keeps"
                    " the SDK that it has.", class_name="muted"),
            listed, rx.cond(_state.page.may_create, create, nobody),
        ),
        rx.el.div(rx.el.small("All that changes in your code", class_name="muted"), rx.el.div(code, class_name="code"),
                  rx.el.small("Send a stable, pseudonymous user id with each request.", class_name="muted")),
        class_name="panel begin", aria_label="No paywall yet",
    )  # fmt: skip
