// Drives the runtime API of a running kit with OpenWhisk's own JavaScript client. Prints one line for each step; ends with
// an error at the first that is not as Adobe I/O Runtime would have it.

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'

const openwhisk = createRequire(import.meta.url)('openwhisk')

const env = (name) => process.env[name] ?? assert.fail(`${name} is not set`)
const namespace = env('AIO_runtime_namespace')
const apihost = env('KIT_URL')
const apiKey = env('AIO_runtime_auth')
const product = { sku: 'OW-1', name: 'By the client', price: 1, description: 'From OpenWhisk\'s client' }
const invented = '0123456789abcdef0123456789abcdef'

const client = (options) => openwhisk({ apihost, api_key: apiKey, namespace, ...options })
const ow = client()

// The client's own error for a refusal.
async function refused (promise, status, text) {
  await assert.rejects(promise, (error) => {
    assert.equal(error.statusCode, status)
    assert.match(error.error.error, text)
    assert.match(error.error.code, /^[0-9a-f]{32}$/)
    return true
  })
}

// A run that failed: the client rejects with the whole record.
async function failed (promise, status) {
  try {
    await promise
  } catch (error) {
    assert.equal(error.statusCode, 502)
    assert.equal(error.error.response.status, status)
    assert.equal(error.error.response.success, false)
    return error.error
  }
  assert.fail(`it did not end with ${status}`)
}

const annotation = (record, key) => record.annotations.find((pair) => pair.key === key)?.value

async function deployed () {
  assert.deepEqual(await ow.namespaces.list(), [namespace])
  const packages = await ow.packages.list()
  assert.ok(packages.some((found) => found.name === 'product-backoffice' && found.namespace === namespace))
  const found = await ow.packages.get('product-backoffice')
  assert.deepEqual(found.actions.map((action) => action.name), ['consumer', 'created', 'deleted', 'updated'])
  const all = await ow.actions.list({ limit: 50 })
  const paged = await ow.actions.list({ limit: 2, skip: 1 })
  assert.deepEqual(paged, all.slice(1, 3))
  assert.equal((await ow.actions.list({ count: true })).actions, all.length)
  const action = await ow.actions.get({ name: 'starter-kit/info', code: false })
  assert.equal(action.namespace, `${namespace}/starter-kit`)
  assert.deepEqual(action.exec, { kind: 'rust', binary: true })
  assert.equal(annotation(action, 'web-export'), true)
  assert.equal(action.limits.timeout, 60000)
  const full = await ow.actions.get('product-backoffice/created')
  assert.ok(full.parameters.length > 0)
  assert.ok(full.parameters.every((parameter) => parameter.value === undefined))
  assert.equal(annotation(full, 'web-export'), false)
  const sequence = await ow.actions.get(`/${namespace}/starter-kit/twice`)
  assert.deepEqual(sequence.exec.components, [`/${namespace}/starter-kit/info`, `/${namespace}/starter-kit/info`])
  const everything = await ow.namespaces.get()
  assert.deepEqual([everything.triggers, everything.rules], [[], []])
  await refused(ow.actions.get('starter-kit/inof'), 404, /^The requested resource does not exist\.$/)
  await refused(ow.packages.get('starter'), 404, /does not exist/)
  await refused(ow.actions.list({ limit: 51 }), 400, /`limit` has to be a whole number from 0 to 50/)
  await refused(ow.actions.update({ name: 'starter-kit/info', action: 'function main() {}' }), 403, /app\.config\.yaml/)
  await refused(ow.actions.delete('starter-kit/info'), 403, /app\.config\.yaml/)
  await refused(ow.packages.delete('starter-kit'), 403, /app\.config\.yaml/)
  console.log('packages and actions')
}

async function invoked () {
  const record = await ow.actions.invoke({ name: 'starter-kit/info', blocking: true })
  assert.match(record.activationId, /^[0-9a-f]{32}$/)
  assert.deepEqual([record.namespace, record.name, record.subject], [namespace, 'info', namespace])
  assert.deepEqual([record.response.status, record.response.success], ['success', true])
  assert.equal(record.response.result.body.success, true)
  assert.equal(annotation(record, 'path'), `${namespace}/starter-kit/info`)
  assert.equal(record.end - record.start, record.duration)
  const result = await ow.actions.invoke({ name: 'starter-kit/info', blocking: true, result: true })
  assert.equal(result.statusCode, 200)
  const params = { type: 'be-observer.catalog_product_create', data: product }
  const { activationId } = await ow.actions.invoke({ name: 'product-backoffice/created', params })
  const ended = await untilEnded(activationId)
  assert.equal(ended.response.status, 'success')
  assert.equal(ended.response.result.statusCode, 200)
  const wrong = { type: params.type, data: { sku: '' } }
  const broken = await failed(
    ow.actions.invoke({ name: 'product-backoffice/created', params: wrong, blocking: true }), 'application error')
  assert.equal(broken.response.result.statusCode, 400)
  await refused(ow.actions.invoke({ name: 'starter-kit/none', blocking: true }), 404, /does not exist/)
  console.log('invocations')
  return { record, ended, broken }
}

// A run that nobody waits for is on record as soon as it has ended.
async function untilEnded (id) {
  for (const begun = Date.now(); Date.now() - begun < 60_000;) {
    try {
      return await ow.activations.get(id)
    } catch (error) {
      assert.equal(error.statusCode, 404)
    }
  }
  assert.fail(`the activation ${id} did not end`)
}

async function sequence () {
  const record = await ow.actions.invoke({ name: 'starter-kit/twice', blocking: true })
  assert.equal(record.response.result.body.success, true)
  assert.deepEqual([annotation(record, 'kind'), annotation(record, 'topmost')], ['sequence', true])
  assert.equal(record.logs.length, 2)
  for (const id of record.logs) {
    const part = await ow.activations.get(id)
    assert.equal(part.cause, record.activationId)
    assert.equal(annotation(part, 'causedBy'), 'sequence')
    assert.equal(part.name, 'info')
  }
  console.log('sequence')
}

async function looked ({ record, ended, broken }) {
  const all = await ow.activations.list({ limit: 50 })
  const ids = all.map((found) => found.activationId)
  for (const { activationId } of [record, ended, broken]) assert.ok(ids.includes(activationId))
  assert.deepEqual((await ow.activations.list({ limit: 1, skip: 1 })).map((found) => found.activationId), [ids[1]])
  const last = all.at(-1)
  assert.deepEqual([last.logs, last.response], [undefined, undefined])
  assert.equal(all.find((found) => found.activationId === broken.activationId).statusCode, 1)
  const named = await ow.activations.list({ name: 'product-backoffice/created' })
  assert.ok(named.length >= 2 && named.every((found) => found.name === 'created'))
  assert.equal((await ow.activations.list({ name: 'created', count: true })).activations, named.length)
  const since = await ow.activations.list({ since: broken.start, limit: 50 })
  assert.ok(since.length > 0 && since.every((found) => found.start >= broken.start))
  const upto = await ow.activations.list({ upto: record.start, limit: 50 })
  assert.ok(upto.length > 0 && upto.every((found) => found.start <= record.start))
  const whole = await ow.activations.list({ docs: true, name: 'product-backoffice/created' })
  assert.ok(whole.some((found) => found.response.result.statusCode === 400))
  await refused(ow.activations.list({ docs: true, count: true }), 400, /exclude each other/)
  await refused(ow.activations.list({ since: 'yesterday' }), 400, /`since` has to be a whole number/)
  const again = await ow.activations.get(record.activationId)
  assert.deepEqual(again, record)
  const result = await ow.activations.result(broken.activationId)
  assert.deepEqual(result, broken.response)
  assert.ok(Array.isArray((await ow.activations.logs(ended.activationId)).logs))
  await refused(ow.activations.get(invented), 404, /does not exist/)
  await refused(ow.activations.get('nonsense'), 400, /32 hex digits/)
  console.log('activations')
}

async function strangers () {
  const wrong = client({ api_key: `${apiKey}x` })
  await refused(wrong.actions.list(), 401, /^The supplied authentication is invalid$/)
  await refused(wrong.actions.invoke({ name: 'starter-kit/info', blocking: true }), 401, /invalid/)
  const elsewhere = client({ namespace: 'somebody-else' })
  await refused(elsewhere.actions.list(), 403, /^The supplied authentication is not authorized to access this resource\.$/)
  await refused(elsewhere.activations.list(), 403, /not authorized/)
  const own = client({ namespace: '_' })
  assert.ok((await own.actions.list()).length > 0)
  console.log('strangers')
}

await deployed()
const runs = await invoked()
await sequence()
await looked(runs)
await strangers()
console.log('all steps passed')
