// The SDK fetches public keys from one fixed host, and keeps them in a state store that needs an account. Both have
// stand-ins here; what checks a signature is the SDK's own.

import { createRequire } from 'node:module'

const KEY_HOST = 'https://static.adobeioevents.com/'
const require = createRequire(import.meta.url)
const ofSdk = createRequire(require.resolve('@adobe/aio-lib-events'))

function replace (name, make) {
  const file = ofSdk.resolve(name)
  const exports = make(ofSdk(name))
  require.cache[file] = { ...require.cache[file], exports }
}

// Loads the SDK; the keys come from `base` in place of Adobe's host.
export function sdkWithKeysAt (base) {
  replace('node-fetch', (fetch) => Object.assign(
    (url, options) => fetch(String(url).replace(KEY_HOST, `${base}/`), options), fetch))
  const kept = new Map()
  replace('@adobe/aio-lib-state', () => ({
    init: async () => ({
      get: async (name) => kept.has(name) ? { value: kept.get(name) } : undefined,
      put: async (name, value) => kept.set(name, value)
    })
  }))
  return require('@adobe/aio-lib-events')
}
