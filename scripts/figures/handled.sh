# Events fully handled, counted at a target that answers at once: while ingestion goes on at full speed, and from the
# end of the load to the last effect.
# What is not set here is set by `scripts/bench` or `common.sh`.
# shellcheck shell=bash disable=SC2154

measure_handled() {
  local round
  for ((round = 0; round < rounds; round++)); do handled_round; done
  show_loop 'ingest, deliveries held' held
  show_loop 'ingest while delivering' delivering
  show 'handled, ingestion over' "$(column drained 1)" events/s "$(column drained 2) events in $(column drained 3) ms"
  show_ratio '/ ingest, deliveries held' drained_held 0.60
  show_ratio '/ ingest while delivering' drained_delivering 0.60
  show 'handled, with ingestion going on' "$(column during)" events/s
  show_ratio '/ ingest, deliveries held' during_held 0.60
  show_ratio '/ ingest while delivering' during_delivering 0.60
  show 'CPU of the kit, ingestion over' "$(column cpu)" us/event
  show 'effects beyond the events accepted' "$(column more)" '' "at most $connections: requests that the load broke off"
}

handled_round() {
  start_holding kit held
  row held "$(closed_loop "${url[kit]}/$ingestion")"
  discard kit held

  start_delivering kit delivering
  local begun ended cpu during load count last requests failed
  begun=$(now_ms)
  load=$(closed_loop "${url[kit]}/$ingestion")
  ended=$(now_ms)
  cpu=$(cpu_ms kit)
  read -r during _ < <(calls)
  row delivering "$load"
  read -r _ _ _ requests failed <<<"$load"
  read -r count _ last < <(wait_for_effects $((requests - failed)))
  row cpu "$(per $((($(cpu_ms kit) - cpu) * 1000)) $((count - during)))"
  row during "$(per_second "$during" $((ended - begun)))"
  row drained "$(per_second $((count - during)) $((last - ended)))" $((count - during)) $((last - ended))
  row more $((count - requests + failed))
  discard kit delivering

  local figure of
  for figure in drained during; do
    for of in held delivering; do
      row "${figure}_$of" "$(ratio "$(last_row $figure)" "$(last_row $of)")"
    done
  done
}
