// The database tests: the same routes over PostgreSQL and SQLite.

import { Router } from 'express'

const ROWS = 10_000
const BATCH = 20

const driver = process.env.BENCH_DATABASE.startsWith('sqlite:') ? './sqlite.js' : './postgres.js'
const database = (await import(driver)).connect(process.env.BENCH_DATABASE)

const randomNumber = () => 1 + Math.floor(Math.random() * ROWS)

// Distinct, so that each costs its query and its update.
function randomIds() {
  const ids = new Set()
  while (ids.size < BATCH) {
    ids.add(randomNumber())
  }
  return [...ids]
}

const router = Router()

router.get('/db', async (req, res) => {
  res.json(await database.world(randomNumber()))
})

router.get('/queries', async (req, res) => {
  const rows = []
  for (const id of randomIds()) {
    rows.push(await database.world(id))
  }
  res.json(rows)
})

router.get('/fortunes', async (req, res) => {
  const fortunes = await database.fortunes()
  fortunes.push({ id: 0, message: 'Additional fortune added at request time.' })
  fortunes.sort((a, b) => (a.message < b.message ? -1 : 1))
  res.render('fortunes', { fortunes })
})

router.get('/updates', async (req, res) => {
  // In the order of their ids, so that two requests lock the rows they share in the same order.
  const ids = randomIds().sort((a, b) => a - b)
  res.json(await database.update(ids, randomNumber))
})

export default router
