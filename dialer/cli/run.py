"""`dialer run`."""

import click

from dialer.cli.context import Context, pass_context
from dialer.logs import log_to


@click.command()
@click.option("--verbose", "-v", is_flag=True, help="Say more on stderr.")
@pass_context
def run(ctx: Context, verbose: bool) -> None:
    """Run the site's dialer in the foreground.

    The first Ctrl-C (or SIGTERM) drains: no new calls, talks finish. The second stops at once. A closed terminal
    (SIGHUP) drains as well.

    \b
    Example:
      dialer --site /srv/dialer run
    """
    from dialer.api.service import run_site

    config = ctx.config
    log_to(ctx.site.logs, verbose=verbose)
    run_site(ctx.site, config)
