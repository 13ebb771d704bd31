# Killed with 1 million events pending, and started again with a target that answers at once.
# What is not set here is set by `scripts/bench` or `common.sh`.
# shellcheck shell=bash disable=SC2154

pending_events=${BENCH_PENDING:-1000000}
memory_after_seconds=10

measure_restart() {
  local pending round
  start_holding kit pending
  pending=$(fill kit "$pending_events")
  stop_hard kit
  stop_hard target
  for ((round = 0; round < rounds; round++)); do restart_round; done
  show 'pending at the first restart' "$pending" events "$(du -sm "$folder/pending" | cut -f1) MB on disk"
  show 'restart to first delivery' "$(column first)" ms "aim under 2000; by round $(all first)"
  show "RSS after $memory_after_seconds s" "$(column rss)" MB "aim under 150; by round $(all rss)"
  show 'RSS at most' "$(column most)" MB "aim under 150; by round $(all most)"
  show 'handled since the restart' "$(column handled)" events/s
  rm -rf "${folder:?}/pending"
}

# Each round has some events less than the one before, and ends with a kill as well.
restart_round() {
  local begun count first last deadline
  start_target
  begun=$(now_ms)
  deadline=$((begun + memory_after_seconds * 1000))
  start_kit kit pending
  while (($(now_ms) < deadline)); do sleep 0.1; done
  row rss "$(memory_mb kit VmRSS)"
  row most "$(memory_mb kit VmHWM)"
  read -r count first last < <(calls)
  ((count > 0)) || fail "nothing was delivered in the first $memory_after_seconds s after the restart"
  row first $((first - begun))
  row handled "$(per_second "$count" $((last - first)))"
  stop_hard kit
  stop_hard target
}
