"""What every command shares: the site, the running dialer's API, and how errors are told."""

from dataclasses import dataclass
from functools import cached_property
from getpass import getuser
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
import httpx

from campaigns.store import Store, StoreError, UnknownName
from dialer.config import Config, ConfigError
from dialer.runner import StoreFailed
from dialer.site import Site, SiteError, running_dialer
from hw.contract.driver import DriverError


class Failure(click.ClickException):
    """Something went wrong; the text says what and how to mend it. Exit code 1."""

    def show(self, file: Any = None) -> None:
        click.echo(f"error: {self.message}", err=True)


class Failures(click.Group):
    """Turns the errors that the packages document into a sentence on stderr and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (ConfigError, SiteError, StoreError, UnknownName, DriverError, StoreFailed) as error:
            raise Failure(str(error)) from None
        except KeyboardInterrupt:
            raise Failure("ended by Ctrl-C") from None


@dataclass(slots=False)
class Context:
    """The site of this command, and what belongs to it, opened when first used."""

    path: Path

    @cached_property
    def site(self) -> Site:
        return Site(self.path)

    @cached_property
    def config(self) -> Config:
        return self.site.config()

    @cached_property
    def store(self) -> Store:
        store = self.site.open_store(self.config)
        store.trail.actor = f"user {getuser()}"
        return store

    def running(self) -> bool:
        """Whether a dialer runs on the site."""
        return running_dialer(self.site) is not None

    def api(self, method: str, *path: str, body: dict[str, Any] | None = None) -> Any:
        """Ask the running dialer for the resource /path/...; raises Failure when none runs or when it refuses."""
        facts = running_dialer(self.site)
        if facts is None:
            _ = self.config  # A directory that is no site, or a broken one, is the nearer trouble.
            raise Failure(f"no dialer runs on {self.path.resolve()}; start it with: dialer --site {self.path} run")
        url = facts.get("api")
        if not url:
            raise Failure("the dialer of this site is just starting; try again in a second")
        address = "/".join((url, *(quote(part, safe="") for part in path)))
        headers = {"Authorization": f"Bearer {self.site.token(self.config)}"}
        try:
            response = httpx.request(method, address, json=body, headers=headers, timeout=40.0, trust_env=False)
        except httpx.HTTPError as error:
            raise Failure(f"the dialer at {url} does not answer: {error}") from None
        answer = response.json()
        if response.is_error:
            raise Failure(str(answer.get("error", response.text)))
        return answer

    def tell_running(self, method: str, *path: str) -> None:
        """Let the running dialer know of a change, if one runs."""
        if self.running():
            self.api(method, *path)


pass_context = click.make_pass_decorator(Context)
