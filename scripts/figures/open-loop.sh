# A fixed rate of events over many connections, latency counted from when each was due.
# What is not set here is set by `scripts/bench` or `common.sh`.
# shellcheck shell=bash disable=SC2154

open_loop_rate=10000
open_loop_connections=256

measure_open_loop() {
  local round
  for ((round = 0; round < rounds; round++)); do open_loop_round; done
  show_open_loop 'echo' echo
  show_open_loop 'ingest, deliveries held' held
  show_ratio 'p99 / p99 of the echo' held_echo 'under 10'
  show_open_loop 'ingest while delivering' delivering
  show_ratio 'p99 / p99 of the echo' delivering_echo 'under 10'
}

open_loop_round() {
  start_echo
  row echo "$(at_fixed_rate "${url[echo]}/")"
  stop echo
  start_holding kit held
  row held "$(at_fixed_rate "${url[kit]}/$ingestion")"
  discard kit held
  start_delivering kit delivering
  row delivering "$(at_fixed_rate "${url[kit]}/$ingestion")"
  discard kit delivering
  row held_echo "$(ratio "$(last_row held 3)" "$(last_row echo 3)")"
  row delivering_echo "$(ratio "$(last_row delivering 3)" "$(last_row echo 3)")"
}

at_fixed_rate() { open_loop "$1" "$open_loop_rate" "$seconds" "$open_loop_connections"; }

show_open_loop() {
  local latencies
  latencies="p50 $(column "$2" 2) ms, p99 $(column "$2" 3) ms, p99.9 $(column "$2" 4) ms"
  show "$1" "$(column "$2" 1)" events/s "$latencies, failed $(failed "$2" 6)"
}
