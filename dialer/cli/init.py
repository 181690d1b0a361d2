"""`dialer init`."""

from pathlib import Path

import click

from dialer.site import make_site


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option("--name", help="Name of the site, for reports. Default: the directory's name.")
@click.option("--region", default="US", show_default=True, help="Country of numbers without a country code.")
def init(directory: Path, name: str | None, region: str) -> None:
    """Make a site: configuration, database, folders.

    \b
    Example:
      dialer init /srv/dialer --name "Acme Collections" --region GB
    """
    if not (len(region) == 2 and region.isascii() and region.isupper()):
        raise click.UsageError(f"--region: '{region}' is not an ISO 3166 country code such as US or GB")
    made = make_site(directory, name=name, region=region)
    if made.open_to_others():
        click.echo(f"warning: others can look into {directory}; run: chmod 700 {directory}", err=True)
    click.echo(f"{directory} is ready. Next: edit {directory / 'dialer.toml'} (trunks and stations), then")
    click.echo(f"  dialer --site {directory} doctor")
