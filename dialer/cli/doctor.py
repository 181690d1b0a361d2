"""`dialer doctor`."""

import click

from dialer.cli.context import Context, pass_context
from dialer.cli.output import json_option, show_json, show_rows
from dialer.health import Level, as_rows, examine


@click.command()
@json_option
@pass_context
@click.pass_context
def doctor(click_context: click.Context, ctx: Context, as_json: bool) -> None:
    """Look for whatever would keep the site from working. Exit code 1 when something would.

    \b
    Example:
      dialer --site /srv/dialer doctor
    """
    findings = examine(ctx.site)
    healthy = all(f.level is not Level.ERROR for f in findings)
    if as_json:
        show_json({"healthy": healthy, "findings": as_rows(findings)})
    else:
        show_rows(as_rows(findings), ("level", "check", "detail"), as_json=False, empty="")
    if not healthy:
        click_context.exit(1)
