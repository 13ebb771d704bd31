# What one event costs: allocations under valgrind, as the difference of two runs; fsyncs by the kernel's tracepoints, as
# strace would make commits slower and so batches smaller; bytes and CPU as the system counts them.
# What is not set here is set by `scripts/bench` or `common.sh`.
# shellcheck shell=bash disable=SC2154

# Few enough for valgrind, which is some 30 times slower; the rate is more than it keeps, so it is always busy.
allocating_rate=2000

measure_cost() {
  local way
  for way in holding delivering; do
    allocations "$way"
    disk "$way"
    show "one event, $way" "$(column "allocated_$way")" allocations "$(column "allocated_$way" 2) bytes allocated"
    show '' "$(column "disk_$way" 1)" 'bytes' 'written to disk'
    show '' "$(column "disk_$way" 2)" fsyncs "$(column "disk_$way" 3) events for each"
    show '' "$(column "disk_$way" 4)" 'us of CPU' "$(column "disk_$way" 5) events at $connections connections"
  done
}

# allocations holding|delivering
allocations() {
  local few many
  few=$(allocated "$1" 1)
  many=$(allocated "$1" 2)
  awk -v few="$few" -v many="$many" -v events="$allocating_rate" 'BEGIN {
    split(few, f); split(many, m); printf "%.1f %.0f\n", (m[1] - f[1]) / events, (m[2] - f[2]) / events
  }' >>"$folder/allocated_$1.table"
}

# Prints blocks and bytes that a kit allocated from its start to its end, with SECONDS times the rate of events between.
allocated() {
  local way=$1 duration=$2 events failed
  "start_$way" kit allocating -- valgrind --undef-value-errors=no --leak-check=no --log-file="$folder/valgrind"
  read -r _ _ _ _ events failed < <(open_loop "${url[kit]}/$ingestion" "$allocating_rate" "$duration" "$connections")
  ((failed == 0)) || fail "$failed of $events events were not taken by the kit below valgrind"
  if [[ $way == delivering ]]; then wait_for_effects "$events" >/dev/null; fi
  stop kit
  discard kit allocating
  grep -q 'total heap usage' "$folder/valgrind" || fail 'valgrind has not counted to the end'
  sed -nE 's/.*total heap usage: ([0-9,]+) allocs, .* ([0-9,]+) bytes allocated.*/\1 \2/p' "$folder/valgrind" | tr -d ,
}

# disk holding|delivering: bytes, fsyncs and CPU of a load at full speed, with its deliveries when they are not held.
disk() {
  local way=$1 bytes requests failed events syncs cpu
  "start_$way" kit disk
  count_syncs kit
  bytes=$(written_bytes kit)
  cpu=$(cpu_ms kit)
  read -r _ _ _ requests failed < <(closed_loop "${url[kit]}/$ingestion")
  events=$((requests - failed))
  if [[ $way == delivering ]]; then wait_for_effects "$events" >/dev/null; fi
  bytes=$(($(written_bytes kit) - bytes))
  cpu=$(($(cpu_ms kit) - cpu))
  # Told to terminate, it would write nothing.
  stop perf INT
  discard kit disk
  syncs=$(awk -F, '/sys_enter_f/ { n += $1 } END { print n + 0 }' "$folder/syncs")
  row "disk_$way" "$(per "$bytes" "$events")" "$(ratio "$syncs" "$events")" "$(per "$events" "$syncs")" \
    "$(per $((cpu * 1000)) "$events")" "$events"
}

# count_syncs NAME: until `perf` is stopped. Where the kernel offers no tracepoints the count is 0.
count_syncs() {
  perf stat -x, -e syscalls:sys_enter_fsync,syscalls:sys_enter_fdatasync -p "${process[$1]}" -o "$folder/syncs" \
    2>/dev/null &
  process[perf]=$!
  # It says nothing when it has begun.
  sleep 0.5
}
