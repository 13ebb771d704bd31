//! Where a secret may be found after all, each with its reason.

use super::Place;

/// Commands that make secrets and show them once, which is what they are for.
pub const TELL_ONCE: [&str; 5] =
    ["credential create", "credential rotate", "webhook-secret create", "webhook-secret rotate", "dev"];

/// Where the kit has its files is for its operator alone.
pub const FOLDER: &str = "the folder of the kit";

pub fn is_allowed(place: &Place, secret: &str) -> bool {
    match place {
        Place::Stdout(_) | Place::Log | Place::File(_) | Place::Row { .. } if secret == FOLDER => true,
        // See above; `secret` is the command that made it.
        Place::Stdout(command) if command == secret => true,
        // The sandbox is on this machine alone, and whoever started it needs its token to look into it.
        Place::Stdout(command) => command == "dev" && secret == "KIT_SANDBOX_TOKEN",
        // What it is for; it is asked for with the sandbox's token.
        Place::Answer(path) if path == "/sandbox/workspace.json" => matches!(secret, "OAUTH_CLIENT_SECRET" | "dev"),
        Place::Log | Place::File(_) | Place::Row { .. } | Place::Answer(_) | Place::Trace => false,
    }
}
