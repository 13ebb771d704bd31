# Sourced by `scripts/bench`: servers, loads and columns of figures, for all files beside this one.
# What is not set here is set by `scripts/bench`.
# shellcheck shell=bash disable=SC2154

# --- Settings -------------------------------------------------------------------------------------------------------

connections=64
# Events spread over this many products, each a lane of its own; 1 puts all of them into one lane.
export BENCH_SKUS=${BENCH_SKUS:-5000}
wait_seconds_max=600
start_seconds_max=120
stop_seconds_max=60

# Of every kit. A target answers at once, so what it is asked at the same time is bounded by the deliveries alone.
kit_settings=(
  KIT_BIND=127.0.0.1:0
  LOG_LEVEL=error
  KIT_INGESTION_AUTH=none
  KIT_ENCRYPTION_KEY=none
  AIO_runtime_namespace=bench
  "AIO_runtime_auth=$(cat /proc/sys/kernel/random/uuid):$(head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n')"
  KIT_WEBHOOK_SIGNATURES=none
  KIT_JOURNAL=none
  KIT_STORE_BYTES_MAX=64GiB
  KIT_TARGET_CONCURRENCY=64
  KIT_DELIVERIES_AT_ONCE=64
  COMMERCE_ACCESS_TOKEN=none
  KIT_BACKOFFICE_URL=http://127.0.0.1:9/
  KIT_OUTBOUND_ALLOW=127.0.0.1
)
ingestion=api/v1/web/ingestion/webhook

# What the caller has set is not what is measured.
forget_settings() { unset "${!KIT_@}" "${!COMMERCE_@}" "${!OAUTH_@}" "${!IO_@}" "${!OTEL_@}"; }

# --- Servers --------------------------------------------------------------------------------------------------------

# Process id and URL of each server, by name.
declare -A process=() url=()

fail() {
  printf 'scripts/bench: %s\n' "$1" >&2
  exit 1
}

# start NAME COMMAND...: runs a server until it says where it listens.
start() {
  local name=$1 deadline=$((SECONDS + start_seconds_max))
  shift
  : >"$folder/$name.out"
  "$@" >"$folder/$name.out" 2>"$folder/$name.err" &
  process[$name]=$!
  until grep -q '^listening on ' "$folder/$name.out"; do
    kill -0 "${process[$name]}" 2>/dev/null || fail "$name ended at its start: $(tail -n 5 "$folder/$name.err")"
    ((SECONDS < deadline)) || fail "$name does not listen after $start_seconds_max s"
    sleep 0.005
  done
  url[$name]=$(sed -n 's/^listening on //p' "$folder/$name.out")
}

# stop NAME [SIGNAL]: lets a process end by itself; one that does not is killed.
stop() {
  local name=$1 deadline=$((SECONDS + stop_seconds_max))
  if [[ -z ${process[$name]:-} ]]; then return; fi
  kill "-${2:-TERM}" "${process[$name]}" 2>/dev/null || true
  while kill -0 "${process[$name]}" 2>/dev/null && ((SECONDS < deadline)); do sleep 0.02; done
  stop_hard "$name"
}

stop_hard() {
  local name=$1
  if [[ -z ${process[$name]:-} ]]; then return; fi
  kill -KILL "${process[$name]}" 2>/dev/null || true
  wait "${process[$name]}" 2>/dev/null || true
  unset "process[$name]"
}

stop_all() {
  local name
  for name in "${!process[@]}"; do stop_hard "$name"; done
}

start_echo() { start echo "$examples/echo"; }

# start_target [hang]: what stands in for Commerce.
start_target() { start target "$examples/target" "$@"; }

# start_kit NAME DATA SETTING... -- PREFIX...: on a folder below ours. The target has to run.
start_kit() {
  local name=$1 data=$2 settings=()
  shift 2
  while (($#)) && [[ $1 != -- ]]; do settings+=("$1") && shift; done
  if (($#)); then shift; fi
  start "$name" env "${kit_settings[@]}" KIT_DATA="$folder/$data" COMMERCE_BASE_URL="${url[target]}/" "${settings[@]}" \
    "$@" "$kit" serve
}

# Deliveries held: one attempt, at a target that never answers, takes the only place. All other events stay due.
start_holding() {
  local name=$1 data=$2
  shift 2
  start_target hang
  start_kit "$name" "$data" KIT_DELIVERIES_AT_ONCE=1 "$@"
}

# Deliveries to a target that answers at once.
start_delivering() {
  local name=$1 data=$2
  shift 2
  start_target
  start_kit "$name" "$data" "$@"
}

# Ends a kit and its target, and forgets what it stored. A held attempt would keep a kit for seconds.
discard() {
  stop_hard "$1"
  stop_hard target
  rm -rf "${folder:?}/$2"
}

# --- Loads ----------------------------------------------------------------------------------------------------------

# closed_loop URL [SECONDS]: prints requests/s, p50 ms, p99 ms, requests, failed.
closed_loop() {
  BENCH_RUN=$(date +%s%N) wrk -t1 "-c$connections" "-d${2:-$seconds}s" --latency -s scripts/figures/events.lua "$1" |
    sed -n 's/^result //p'
}

# open_loop URL RATE SECONDS CONNECTIONS: prints events/s, p50 ms, p99 ms, p99.9 ms, events, failed.
open_loop() { "$examples/open_loop" "$@" | sed -n 's/^result //p'; }

# fill NAME EVENTS: stores at least so many events as fast as it goes; prints how many.
fill() {
  local name=$1 events=$2 stored=0 requests failed deadline=$((SECONDS + wait_seconds_max))
  while ((stored < events)); do
    ((SECONDS < deadline)) || fail "only $stored of $events events are stored after $wait_seconds_max s"
    read -r _ _ _ requests failed < <(closed_loop "${url[$name]}/$ingestion" 5)
    stored=$((stored + requests - failed))
  done
  echo "$stored"
}

# Prints calls that the target took, and the first's and the last's time in ms.
calls() { curl -fsS "${url[target]}/count"; }

# wait_for_effects EVENTS: until the target has seen that many and nothing more comes. Requests that the load broke off
# at its end may have been stored, so there can be a few more. Prints calls, and the first's and the last's time in ms.
wait_for_effects() {
  local events=$1 before=-1 count=0 first=0 last=0 deadline=$((SECONDS + wait_seconds_max))
  until ((count >= events && count == before)); do
    ((SECONDS < deadline)) || fail "only $count of $events events are handled after $wait_seconds_max s"
    sleep 0.3
    before=$count
    read -r count first last < <(calls)
  done
  echo "$count $first $last"
}

# --- What the system knows of a process -----------------------------------------------------------------------------

now_ms() { date +%s%3N; }

# memory_mb NAME VmRSS|VmHWM
memory_mb() { awk -v field="$2:" '$1 == field { printf "%.0f\n", $2 / 1024 }' "/proc/${process[$1]}/status"; }

# User and system time of servers so far.
cpu_ms() {
  local name
  for name in "$@"; do cat "/proc/${process[$name]}/stat"; done |
    awk -v ticks="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); n += $12 + $13 } END { printf "%.0f\n", n * 1000 / ticks }'
}

# Bytes that a server caused to be written to the disk.
written_bytes() { awk '$1 == "write_bytes:" { print $2 }' "/proc/${process[$1]}/io"; }

# --- Columns of figures ---------------------------------------------------------------------------------------------

# row NAME VALUE...: adds a round's values to a table.
row() {
  [[ -n ${2:-} ]] || fail "there is nothing to put into the table $1"
  echo "${@:2}" >>"$folder/$1.table"
}

last_row() { tail -n 1 "$folder/$1.table" | cut -d' ' -f"${2:-1}"; }

# column NAME [NUMBER]: the median of a column.
column() {
  awk -v n="${2:-1}" '{ print $n }' "$folder/$1.table" | sort -g |
    awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

all() { paste -sd' ' "$folder/$1.table"; }

ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f\n", (b != 0) ? a / b : 0 }'; }
per() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.1f\n", (b != 0) ? a / b : 0 }'; }
per_second() { awk -v n="$1" -v ms="$2" 'BEGIN { printf "%.0f\n", (ms > 0) ? n * 1000 / ms : 0 }'; }

# show LABEL VALUE UNIT [REMARK]
show() { printf '%-42s %10s %-12s %s\n' "$1" "$2" "$3" "${4:-}"; }

# show_loop LABEL TABLE: rate and latencies of a closed loop.
show_loop() {
  show "$1" "$(column "$2" 1)" req/s "p50 $(column "$2" 2) ms, p99 $(column "$2" 3) ms, failed $(failed "$2" 5)"
}
failed() { awk -v n="$2" '{ failed += $n } END { print failed + 0 }' "$folder/$1.table"; }

# show_ratio LABEL TABLE AIM
show_ratio() { show "  $1" "$(column "$2")" '' "aim $3; by round $(all "$2")"; }
