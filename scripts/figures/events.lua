-- The documents' product payload with a fresh uid each; SKUS spreads the events over that many products.
local run = os.getenv("BENCH_RUN") or "0"
local skus = tonumber(os.getenv("BENCH_SKUS") or "0")
local count = 0

function request()
  count = count + 1
  local sku = "PRODUCT_SKU"
  if skus > 0 then
    sku = sku .. "_" .. (count % skus)
  end
  local body = string.format(
    '{"data":{"uid":"%s-%d","event":"be-observer.catalog_product_create","value":{"sku":"%s","name":"Product SKU",'
      .. '"price":1,"description":"Product SKU description"}}}',
    run, count, sku)
  return wrk.format("POST", nil, { ["Content-Type"] = "application/json" }, body)
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format("result %.0f %.3f %.3f %d %d\n", summary.requests / (summary.duration / 1e6),
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, summary.requests, failed))
end
