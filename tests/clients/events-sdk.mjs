// Drives a running events service with Adobe's own JavaScript SDK. Prints one line for each step; ends with an
// error at the first that is not as Adobe's service would have it.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { sdkWithKeysAt } from './stand-ins.mjs'

const PATIENCE_MS = 30_000
const env = (name) => process.env[name] ?? assert.fail(`${name} is not set`)
const base = env('KIT_URL')
const consumer = env('IO_CONSUMER_ID')
const place = [consumer, env('IO_PROJECT_ID'), env('IO_WORKSPACE_ID')]
const clientId = env('OAUTH_CLIENT_ID')
const org = env('OAUTH_ORG_ID')
const code = 'com.example.stock.counted'

async function token () {
  const answer = await fetch(`${base}/ims/token/v3`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: env('OAUTH_CLIENT_SECRET'),
      scope: 'AdobeID,openid,adobeio_api'
    })
  })
  assert.equal(answer.status, 200)
  return (await answer.json()).access_token
}

function cloudEvent (providerId, type, data) {
  return {
    specversion: '1.0',
    id: randomUUID(),
    source: `urn:uuid:${providerId}`,
    type,
    datacontenttype: 'application/json',
    time: new Date().toISOString(),
    data
  }
}

// The SDK's own error for a refusal, with the status in its text.
async function refused (promise, status) {
  await assert.rejects(promise, (error) => {
    assert.match(String(error.message), new RegExp(`\\b${status}\\b`))
    return true
  })
}

async function providers (client) {
  const label = `Warehouse ${randomUUID()}`
  const made = await client.createProvider(...place, { label, description: 'Counts stock', docs_url: 'https://docs.example.com' })
  assert.match(made.id, /^[0-9a-f-]{36}$/)
  assert.equal(made.source, `urn:uuid:${made.id}`)
  assert.equal(made.publisher, org)
  const renamed = await client.updateProvider(...place, made.id, { label: `${label} 2` })
  assert.equal(renamed.label, `${label} 2`)
  const metadata = { label: 'Counted', description: 'Stock was counted', event_code: code }
  const sample = Buffer.from(JSON.stringify({ sku: 'A', quantity: 1 })).toString('base64')
  await client.createEventMetadataForProvider(...place, made.id, { ...metadata, sample_event_template: sample })
  await refused(client.createEventMetadataForProvider(...place, made.id, metadata), 409)
  await client.updateEventMetadataForProvider(...place, made.id, code, { ...metadata, label: 'Counted again' })
  assert.equal((await client.getEventMetadataForProvider(made.id, code)).label, 'Counted again')
  const all = await client.getAllProviders(consumer, { fetchEventMetadata: true })
  const listed = all._embedded.providers.find((provider) => provider.id === made.id)
  assert.equal(listed._embedded.eventmetadata[0].event_code, code)
  assert.equal((await client.getProvider(made.id)).label, `${label} 2`)
  assert.ok((await client.getProviderMetadata())._embedded.providermetadata.length > 0)
  await refused(client.getProvider(randomUUID()), 404)
  console.log('providers and event metadata')
  return made.id
}

async function registrations (client, providerId) {
  const wanted = {
    client_id: clientId,
    name: `Stock ${randomUUID()}`,
    description: 'Reads its journal',
    delivery_type: 'journal',
    events_of_interest: [{ provider_id: providerId, event_code: code }]
  }
  const made = await client.createRegistration(...place, wanted)
  assert.equal(made.delivery_type, 'journal')
  await refused(client.createRegistration(...place, wanted), 409)
  const { client_id: _, ...changed } = { ...wanted, description: 'Still reads it' }
  const updated = await client.updateRegistration(...place, made.registration_id, changed)
  assert.equal(updated.description, 'Still reads it')
  const one = await client.getRegistration(...place, made.registration_id)
  assert.equal(one.name, wanted.name)
  const page = await client.getAllRegistrationsForOrg(consumer, { page: 0, size: 1 })
  assert.equal(page.page.size, 1)
  const all = await client.getAllRegistrationsForWorkspace(...place)
  assert.ok(all._embedded.registrations.some((registration) => registration.name === wanted.name))
  console.log('registrations')
  return one
}

async function journal (client, registration, providerId) {
  const url = registration._links['rel:events'].href
  const empty = await client.getEventsFromJournal(url)
  assert.equal(empty.events, undefined)
  assert.ok(empty.retryAfter > 0 && empty.link.next)
  const first = cloudEvent(providerId, code, { sku: 'A', quantity: 1 })
  assert.equal(await client.publishEvent(first), 'OK')
  assert.equal(await client.publishEvent(cloudEvent(providerId, 'com.example.unknown', {})), undefined)
  await refused(client.publishEvent(cloudEvent(randomUUID(), code, {})), 400)
  const page = await client.getEventsFromJournal(url, { limit: 1 })
  assert.equal(page._page.count, 1)
  assert.equal(page.events[0].event.id, first.id)
  assert.deepEqual(page.events[0].event.data, first.data)
  assert.equal(page.events[0].event.recipientclientid, clientId)
  console.log('publishing and journal')
  await observed(client, page.link.next, providerId)
}

// The SDK's own poller goes on where the page ended.
async function observed (client, next, providerId) {
  const second = cloudEvent(providerId, code, [{ sku: 'B', quantity: 2 }])
  const observable = client.getEventsObservableFromJournal(next, {}, { interval: 50 })
  const seen = new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error('the poller saw nothing')), PATIENCE_MS).unref()
    const subscription = observable.subscribe({
      next: (found) => { subscription.unsubscribe(); resolve(found) },
      error: reject
    })
  })
  assert.equal(await client.publishEvent(second), 'OK')
  assert.equal((await seen).event.id, second.id)
  console.log('observable journal')
}

// A webhook that answers the challenge as an Express application would.
async function webhook (client, providerId) {
  const delivered = []
  const server = createServer((request, response) => {
    const challenge = new URL(request.url, base).searchParams.get('challenge')
    if (request.method === 'GET') return response.end(challenge)
    let body = ''
    request.on('data', (part) => { body += part })
    request.on('end', () => {
      delivered.push({ headers: request.headers, body, event: JSON.parse(body) })
      response.end('ok')
      server.emit('delivered')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const registration = await client.createRegistration(...place, {
    client_id: clientId,
    name: `Webhook ${randomUUID()}`,
    delivery_type: 'webhook',
    webhook_url: `http://127.0.0.1:${server.address().port}/hook`,
    events_of_interest: [{ provider_id: providerId, event_code: code }]
  })
  assert.equal(registration.webhook_status, 'verified')
  const event = cloudEvent(providerId, code, { sku: 'C', quantity: 3 })
  const arrival = once(server, 'delivered', { signal: AbortSignal.timeout(PATIENCE_MS) })
  assert.equal(await client.publishEvent(event), 'OK')
  await arrival
  assert.equal(delivered[0].event.id, event.id)
  assert.equal(delivered[0].headers['x-adobe-event-code'], code)
  await signed(client, delivered[0])
  server.close()
  server.closeAllConnections()
  await client.deleteRegistration(...place, registration.registration_id)
  console.log('webhook')
}

// As the SDK's users check a delivery.
async function signed (client, { headers, body }) {
  const signatures = {
    digiSignature1: headers['x-adobe-digital-signature-1'],
    digiSignature2: headers['x-adobe-digital-signature-2'],
    publicKeyPath1: headers['x-adobe-public-key1-path'],
    publicKeyPath2: headers['x-adobe-public-key2-path']
  }
  const isGood = (body, changed) => client.verifyDigitalSignatureForEvent(body, clientId, { ...signatures, ...changed })
  assert.equal(await isGood(body), true)
  assert.equal(await isGood(body, { digiSignature1: 'AAAA' }), true)
  assert.equal(await isGood(body, { digiSignature2: 'AAAA' }), true)
  assert.notEqual(await isGood(body, { digiSignature1: 'AAAA', digiSignature2: 'AAAA' }), true)
  assert.notEqual(await isGood(body.replace('"quantity":3', '"quantity":4')), true)
  console.log('signatures')
}

const sdk = sdkWithKeysAt(base)
const client = await sdk.init(org, clientId, await token(), { eventsBaseURL: base, eventsIngressURL: base })
const stranger = await sdk.init(org, clientId, 'not-a-token', { eventsBaseURL: base, eventsIngressURL: base })
await refused(stranger.getAllProviders(consumer), 401)
const providerId = await providers(client)
const registration = await registrations(client, providerId)
await journal(client, registration, providerId)
await webhook(client, providerId)
await client.deleteRegistration(...place, registration.registration_id)
await refused(client.getRegistration(...place, registration.registration_id), 404)
await client.deleteEventMetadata(...place, providerId, code)
await client.deleteProvider(...place, providerId)
await refused(client.getProvider(providerId), 404)
console.log('all steps passed')
process.exit(0)
