mod checks;
mod plan;
mod store;
