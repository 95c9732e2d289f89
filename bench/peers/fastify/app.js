// The benchmark's routes in Fastify: JSON schemas check what comes in and write what goes out.

import fastifyStatic from '@fastify/static'
import Ajv from 'ajv'
import addFormats from 'ajv-formats'
import Fastify from 'fastify'
import * as schemas from './schemas.js'

// Text of an address becomes a number where its schema says so; a body's values have to be what they should.
const coercing = addFormats(new Ajv({ coerceTypes: true }))
const strict = addFormats(new Ajv())

export async function build() {
  const app = Fastify()

  app.setValidatorCompiler(({ schema, httpPart }) => (httpPart === 'body' ? strict : coercing).compile(schema))

  app.setErrorHandler((error, request, reply) => {
    if (error.validationContext === 'body') {
      error.statusCode = 422
    }
    reply.send(error)
  })

  app.addHook('onRequest', (request, reply, done) => {
    reply.header('Server', 'Fastify')
    done()
  })

  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (request, body, done) => {
    done(null, body)
  })

  app.get('/', { schema: schemas.hello }, async () => ({ message: 'Hello, World!' }))

  app.get('/plaintext', async () => 'Hello, World!')

  app.get('/users/:id', { schema: schemas.user }, async (request) => ({ ...request.params, ...request.query }))

  app.post('/orders', { schema: schemas.order }, async (request) => {
    const { customer, lines } = request.body
    return {
      customer,
      lines: lines.length,
      units: lines.reduce((sum, line) => sum + line.quantity, 0),
      total_cents: lines.reduce((sum, line) => sum + line.quantity * line.price_cents, 0),
    }
  })

  app.post('/upload', { schema: schemas.upload, bodyLimit: 2 * 1024 * 1024 }, async (request) => ({
    bytes: request.body.length,
  }))

  app.register(fastifyStatic, { root: process.env.BENCH_STATIC, prefix: '/static/' })

  if (process.env.BENCH_DATABASE) {
    app.register(import('./worlds.js'))
  }
  return app
}
