"""The command `coinslot`: demo, serve, audit, job, and what `app/cli_by_hand.py` adds."""

import asyncio
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from app import db, settings
from app.cli_by_hand import Data, doctor, out, paywall, prepare, print_demo, wallet
from app.domain.errors import CoinslotError

T = TypeVar("T")

cli = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
cli.add_typer(paywall, name="paywall")
cli.add_typer(wallet, name="wallet")
cli.command()(doctor)
errors = Console(stderr=True, highlight=False, soft_wrap=True)

Port = Annotated[int, typer.Option(min=1, max=65_535, help="The port to listen on.")]


def main() -> None:
    """Runs the command; what the user can mend is one line, not a trace."""
    try:
        cli()
    except (settings.SettingsError, CoinslotError, OSError) as error:
        errors.print(f"coinslot: {error}", style="red", markup=False)
        sys.exit(1)


@cli.command()
def demo(
    port: Port = 8000,
    data: Data = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Delete what an earlier demo left in DATA first.")] = False,
    no_web: Annotated[bool, typer.Option("--no-web", help="The API only, up in seconds.")] = False,
    upstream: Annotated[str | None, typer.Option(help="An OpenAI-compatible base URL to use.")] = None,
    emulator: Annotated[bool, typer.Option("--stripe-emulator", help="Take cards at an emulated Stripe.")] = False,
    chain: Annotated[bool, typer.Option("--chain", help="Take USDC on a dev chain, started beside.")] = False,
) -> None:
    """Start the whole product with demo data, on 127.0.0.1 only."""
    from app.api.serving.server import Address
    from app.wiring.demo import sign_in_links
    from app.wiring.emulator import emulated_stripe

    address = Address("127.0.0.1", port)
    with ExitStack() as stack:
        stripe = stack.enter_context(emulated_stripe()) if emulator else None
        emulated = {} if stripe is None else {"stripe_api_base": stripe.url, "stripe_test_key": stripe.key}
        chosen = _configure_demo(data, upstream, address.base_url, emulated)
        if fresh:
            _delete_instance(chosen.data)
        prepare(chosen)
        _claim_database()
        if chain:
            one = stack.enter_context(_demo_chain(chosen.data.absolute()))
            _configure_demo(data, upstream, address.base_url, {**emulated, "chains": (one,)})
        made = _in_child(_prepare_demo)
        paywalls = made.paywalls
        shown = {mode.value: {"id": paywall.id, "key": paywall.key} for mode, paywall in paywalls.items()}
        sign_in = {} if no_web else sign_in_links(address.base_url)
        instance = _instance(address) | {"paywalls": shown} | ({"sign_in": sign_in} if sign_in else {})
        own = {"credits": {"id": made.credits_id}, "account_key": made.account_key} if made.credits_id else {}
        instance |= own
        instance |= {} if stripe is None else {"stripe": stripe.url}
        instance |= {"chain": settings.get().chains[0].rpc_urls[0].get_secret_value()} if chain else {}
        to_connect = "" if stripe is None else stripe.developers_key
        model = next(iter(paywalls.values())).model
        keys = {name: paywall["key"] for name, paywall in shown.items()} | (
            {"account": made.account_key} if own else {}
        )
        _serve(address, instance, is_api_only=no_web,
               on_ready=lambda: print_demo(address, keys, model, sign_in, to_connect))  # fmt: skip


def _configure_demo(
    data: Path | None, upstream: str | None, base_url: str, emulated: Mapping[str, Any]
) -> settings.Settings:
    """Reads the settings, with what is emulated beside the demo; where no operator is named, the demo's is one."""
    from app.flows.people.demo_people import OPERATOR

    named = settings.configure(data=data).operator_emails
    return settings.configure(
        data=data, upstream_url=upstream, public_url=base_url, operator_emails=named or OPERATOR, is_demo=True,
        developers=settings.ANYONE,
        **emulated,
    )  # fmt: skip


@contextmanager
def _demo_chain(data: Path) -> Iterator[Any]:
    """Runs the demo's chain, and gives its setting."""
    from app.wiring.dev_chain import demo_chain

    with ExitStack() as stack:
        with _progress() as report:
            made = stack.enter_context(demo_chain(data, report))
        yield made


def _in_child(function: Callable[[], T]) -> T:
    """Runs what needs much memory once, such as the catalogue's prices, in a child that takes it along when it ends.

    What the child raises is raised here.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as child:
        return child.submit(function).result()


def _prepare_demo() -> Any:
    """Migrates, and makes the demo's data."""
    from app.wiring import demo

    db.migrate()
    try:
        return asyncio.run(demo.prepare())
    finally:
        db.dispose()


@cli.command()
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Port = 8000,
    data: Data = None,
    api_only: Annotated[bool, typer.Option("--api-only", help="No pages; Reflex is never imported.")] = False,
    workers: Annotated[int, typer.Option(min=1, help="API processes; more than one needs --api-only.")] = 1,
    jobs: Annotated[bool, typer.Option("--jobs/--no-jobs", help="Without, another process must run the jobs.")] = True,
    descriptor: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Serve what is configured, for production."""
    from app.api.serving.server import Address

    address = Address(host, port, descriptor)
    chosen = settings.configure(data=data, is_demo=False)
    prepare(chosen)
    if not chosen.public_url:
        raise settings.SettingsError("COINSLOT_PUBLIC_URL: must be set, links in answers begin with it")
    for option, is_used in (("--workers", workers > 1), ("--no-jobs", not jobs)):
        if is_used:
            _check_is_one_of_several(option, api_only)
    _claim_database()
    db.migrate()
    if workers > 1:
        _supervise(address, workers, "--jobs" if jobs else "--no-jobs")
        return
    ready = partial(out.print, f"Serving {address.base_url}")
    _serve(address, _instance(address), is_api_only=api_only, has_jobs=jobs, on_ready=ready)


def _check_is_one_of_several(option: str, api_only: bool) -> None:
    """Raises SettingsError for an option of one process among several, on SQLite or with pages."""
    if settings.get().database.startswith("sqlite"):
        raise settings.SettingsError(
            f"{option}: SQLite is served by one process; set COINSLOT_DATABASE_URL to PostgreSQL"
        )
    if not api_only:
        raise settings.SettingsError(f"{option}: pages are served by one process, with the jobs; add --api-only")


def _claim_database() -> None:
    """Makes this the one server of a SQLite file, before anything is changed in it. Raises Unavailable."""
    if db.is_sqlite():
        db.claim_sqlite_file()


def _supervise(address: Any, count: int, jobs: str) -> None:
    """Runs several API processes on one socket."""
    from app.api.serving.workers import listen, supervise

    db.dispose()
    where = ("--host", address.host, "--port", str(address.port), "--data", str(settings.get().data.absolute()))
    supervise(("serve", "--api-only", jobs, *where), count, listen(address.host, address.port))


@cli.command()
def audit(data: Data = None) -> None:
    """Check that the books balance; exit 1 and name each broken row if they do not."""
    prepare(settings.configure(data=data))
    with _progress() as report:
        findings = asyncio.run(db.in_transaction(partial(_print_findings, report)))
    if findings:
        errors.print(f"The books do not balance: {findings} findings.")
        raise typer.Exit(1)
    out.print("The books balance.")


def _print_findings(report: Callable[[str, float], None], session: db.Session) -> int:
    """Names each broken row as it is found, and returns how many there were."""
    from app.flows.upkeep.audit import audit as find

    count = 0
    for finding in find(session, report):
        count += 1
        errors.print(f"{finding.check}: {finding.row}: {finding.message}", style="red", markup=False)
    return count


@cli.command()
def job(name: Annotated[str, typer.Argument(help="The name of a scheduled job.")], data: Data = None) -> None:
    """Run one scheduled job once."""
    from app import wiring
    from app.jobs.scheduler import run_once

    prepare(settings.configure(data=data))

    async def once(report: Callable[[str, float], None]) -> int | None:
        async with wiring.working():
            return await run_once(name, report)

    with _progress() as report:
        done = asyncio.run(once(report))
    out.print("Another process is running it." if done is None else f"{name}: {done}")


def _serve(
    address: Any, instance: dict[str, Any], *, is_api_only: bool, has_jobs: bool = True, on_ready: Callable[[], None]
) -> None:
    from app.api.serving.server import serve as run

    if is_api_only:
        from app import wiring
        from app.api.serving.asgi import api_only
        from app.jobs import scheduler

        lifespans = (wiring.running, scheduler.running) if has_jobs else (wiring.running,)
        started = run(api_only(lifespans), address, instance, on_ready)
    else:
        _build_pages()
        started = run("app.app:create", address, instance, on_ready)
    if not started:
        raise typer.Exit(1)


def _build_pages() -> None:
    """Builds the pages if they changed, showing progress, and points Reflex at them."""
    from app.web.build import build_pages, prepare_serving

    data = settings.get().data.absolute()
    with _progress() as report:
        build_pages(data, report)
    prepare_serving(data, settings.get().public_url)


@contextmanager
def _progress() -> Iterator[Callable[[str, float], None]]:
    """Shows a progress bar once there is something to show."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True) as progress:
        bar = progress.add_task("", total=1, visible=False)
        yield lambda step, share: progress.update(bar, description=step, completed=share, visible=True)


def _instance(address: Any) -> dict[str, Any]:
    base = settings.get().public_url or address.base_url
    return {"base_url": base, "api_base": f"{base}/v1", "database_url": settings.get().database}


def _delete_instance(data: Path) -> None:
    """Deletes an earlier demo, and nothing that is not one. Raises Unavailable if it is still served."""
    if not data.exists():
        return
    if not (data / "secret.key").exists() and any(data.iterdir()):
        raise settings.SettingsError(f"--fresh: {data} holds no Coinslot instance, so it is not deleted")
    _claim_database()
    for path in data.iterdir():
        if path.name not in ("web", "reflex", "chain-packages"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    db.dispose()


if __name__ == "__main__":
    main()
