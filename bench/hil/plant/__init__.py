"""The far sides of a whole site without hardware: modems behind a mobile network, a gateway board behind an exchange, a
hands-free headset, each with its voice, and the people who are called over them."""
