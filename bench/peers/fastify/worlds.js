// The database tests: the same routes over PostgreSQL and SQLite.

import fastifyView from '@fastify/view'
import ejs from 'ejs'
import * as schemas from './schemas.js'

const ROWS = 10_000
const BATCH = 20

const randomNumber = () => 1 + Math.floor(Math.random() * ROWS)

// Distinct, so that each costs its query and its update.
function randomIds() {
  const ids = new Set()
  while (ids.size < BATCH) {
    ids.add(randomNumber())
  }
  return [...ids]
}

export default async function worlds(app) {
  const url = process.env.BENCH_DATABASE
  const driver = url.startsWith('sqlite:') ? './sqlite.js' : './postgres.js'
  const database = (await import(driver)).connect(url)

  app.register(fastifyView, {
    engine: { ejs },
    root: new URL('views', import.meta.url).pathname,
    production: true,
  })

  app.get('/db', { schema: schemas.world }, async () => database.world(randomNumber()))

  app.get('/queries', { schema: schemas.worlds }, async () => {
    const rows = []
    for (const id of randomIds()) {
      rows.push(await database.world(id))
    }
    return rows
  })

  app.get('/fortunes', async (request, reply) => {
    const fortunes = await database.fortunes()
    fortunes.push({ id: 0, message: 'Additional fortune added at request time.' })
    fortunes.sort((a, b) => (a.message < b.message ? -1 : 1))
    return reply.viewAsync('fortunes.ejs', { fortunes })
  })

  app.get('/updates', { schema: schemas.worlds }, async () => {
    // In the order of their ids, so that two requests lock the rows they share in the same order.
    const ids = randomIds().sort((a, b) => a - b)
    return database.update(ids, randomNumber)
  })
}
