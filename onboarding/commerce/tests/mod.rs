mod eventing;
mod workspace;
