"""Commands by which an operator looks after an instance by hand: `paywall …`, `wallet …`, `doctor`."""

import asyncio
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from app import db, settings
from app.private_files import keep_private

paywall = typer.Typer(no_args_is_help=True, help="Look after paywalls.")
wallet = typer.Typer(no_args_is_help=True, help="Look after wallets that were frozen.")
out = Console(highlight=False, soft_wrap=True)

Data = Annotated[Path | None, typer.Option(help="Where this instance keeps its files. Default: .coinslot")]
WalletId = Annotated[str, typer.Argument(metavar="WALLET", help="The wallet, an app's or a person's.")]


def prepare(chosen: settings.Settings) -> None:
    """Begins the log on stderr, and keeps what this process and earlier ones left in DATA from everybody else."""
    from app.api.serving.log_bounds import configure

    configure(chosen.log_level)
    keep_private(chosen.data)


@paywall.command()
def give(
    paywall_id: Annotated[str, typer.Argument(metavar="ID", help="The paywall.")],
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="The address that its owner signs in with.")],
    data: Data = None,
) -> None:
    """Hand a paywall over to an owner; who owned it before does no more."""
    from app.domain.paywalls.members import command_manager
    from app.flows.paywalls.owners import give_paywall

    prepare(settings.configure(data=data))

    async def hand_over() -> Any:
        return await give_paywall(await db.in_transaction(partial(command_manager, paywall_id=paywall_id)), email)

    given = asyncio.run(hand_over())
    waits = " They own it once they sign in with a code." if given.is_new else ""
    out.print(f"{paywall_id} belongs to {given.email} now.{waits}", markup=False)


@wallet.command()
def thaw(wallet_id: WalletId, data: Data = None) -> None:
    """Let a frozen wallet be charged again; one that owes money stays frozen."""
    from app.flows.disputes.debts import thaw_wallet

    prepare(settings.configure(data=data))
    thawed = asyncio.run(thaw_wallet(wallet_id))
    reasons = ", ".join(thawed.reasons) or "nothing"
    out.print(f"{wallet_id} may be charged again. It was frozen by: {reasons}.", markup=False)


def doctor(data: Data = None) -> None:
    """Say of each thing that must work whether it does, one line each; exit 1 if any does not."""
    chosen = settings.configure(data=data)
    prepare(chosen)
    if faults := asyncio.run(_examine(chosen)):
        out.print(f"{faults} of these need you.")
        raise typer.Exit(1)


async def _examine(chosen: settings.Settings) -> int:
    from app.flows.upkeep.doctor import Chosen, examine
    from app.wiring.settlement import chains_of

    chains = chains_of(chosen)
    database = chosen.database.partition("://")[0]
    faults = 0
    async for check in examine(
        Chosen(
            database=database, public_url=chosen.public_url, has_mail=bool(chosen.smtp_url.get_secret_value()),
            operators=len(chosen.operators), has_provider_key=chosen.has_provider_key,
        ),
        chains,
    ):  # fmt: skip
        faults += not check.is_fine
        mark = "ok" if check.is_fine else "!!"
        out.print(f"{mark}  {check.name}: {check.says}", style="" if check.is_fine else "red", markup=False)
    await chains.close()
    return faults


@wallet.command("write-off")
def pay_debt(wallet_id: WalletId, data: Data = None) -> None:
    """Pay what a wallet owes out of the operator's capital, and let it be charged again."""
    from app.domain.money import format_decimal
    from app.flows.disputes.debts import write_off

    prepare(settings.configure(data=data))
    paid = asyncio.run(write_off(wallet_id))
    out.print(
        f"{wallet_id} owes nothing more: {format_decimal(paid.written_off_nanos)} were written off.", markup=False
    )


def print_demo(address: Any, keys: dict[str, str], model: str, sign_in: Mapping[str, str], to_connect: str) -> None:
    """Says where a demo is, and what to try in it."""
    out.print()
    out.print("Coinslot is running, with two sandbox paywalls. No real money moves here.")
    if sign_in:
        out.print(f"  Pages     {address.base_url}/", markup=False)
        out.print(f"  Mail      {address.base_url}/mail/   (sign-in codes arrive here)", markup=False)
    for role, link in sign_in.items():
        out.print(f"  Sign in   {link}   (once, as the demo's {role.replace('_', ' ')})", markup=False)
    out.print(f"  Base URL  {address.base_url}/v1", markup=False)
    out.print(f"  Key       {keys['default']}   (default mode: a wallet in each app)", markup=False)
    out.print(f"  Key       {keys['shared']}   (shared mode: one wallet for all apps)", markup=False)
    if "account" in keys:
        out.print(f"  Key       {keys['account']}   (an account's own: pays with its credits)", markup=False)
    out.print("\nTry it; the first answer holds a link, to top up or to authorize the app:\n")
    out.print(
        f"  curl {address.base_url}/v1/chat/completions -H 'Authorization: Bearer {keys['default']}' \\\n"
        "    -H 'Content-Type: application/json' \\\n"
        f"""    -d '{{"model": "{model}", "user": "ada", "messages": [{{"role": "user", "content": "Hello"}}]}}'""",
        markup=False,
    )
    if emulator := settings.get().stripe_api_base:
        out.print(f"\nCards are taken at an emulated Stripe, {emulator}: choose it where you top up, and pay with")
        out.print("4242 4242 4242 4242; 4000 0000 0000 0002 is declined, 4000 0025 0000 3155 asks its bank first.")
        out.print("Its newest payment is disputed, and that is settled, by\n")
        out.print(f"""  curl {emulator}/_emulator -d '{{"do": "dispute"}}'""", markup=False)
        out.print(f"""  curl {emulator}/_emulator -d '{{"do": "end_dispute", "status": "won"}}'""", markup=False)
        out.print("To connect an account there as the demo's developer, paste this key on their page of payments:")
        out.print(f"  {address.base_url}/paywalls/pw_demo_default/payments/\n  {to_connect}", markup=False)
    for one in settings.get().chains:
        out.print(
            f"  Chain     {one.rpc_urls[0].get_secret_value()}   (USDC is {one.token}; its id is 31337)", markup=False
        )
    out.print("\nStop with Ctrl+C.")
