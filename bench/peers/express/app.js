// The benchmark's routes in Express.

import cors from 'cors'
import express from 'express'
import { rateLimit } from 'express-rate-limit'
import helmet from 'helmet'
import morgan from 'morgan'
import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { z } from 'zod'
import { Order } from './order.js'

const UserPage = z.object({
  id: z.string().regex(/^\d+$/).transform(Number),
  q: z.string(),
  page: z.string().regex(/^\d+$/).transform(Number),
})

const app = express()
app.disable('x-powered-by')
// No other framework hashes each reply unless it is asked to.
app.disable('etag')
app.use((req, res, next) => {
  res.set('Server', 'Express')
  next()
})

app.get('/', (req, res) => {
  res.json({ message: 'Hello, World!' })
})

if (process.env.BENCH_LOG) {
  const replies = [0, 0, 0, 0, 0, 0] // by the status' first digit
  app.get('/stack',
    (req, res, next) => {
      res.set('X-Request-Id', randomUUID())
      next()
    },
    morgan('combined', { stream: createWriteStream(process.env.BENCH_LOG, { flags: 'a' }) }),
    helmet(),
    cors({ origin: 'https://app.example.org' }),
    rateLimit({ windowMs: 60000, limit: 1e9 }),
    (req, res, next) => {
      res.on('finish', () => replies[Math.floor(res.statusCode / 100)]++)
      next()
    },
    (req, res) => {
      res.json({ message: 'Hello, World!' })
    })
}

app.get('/plaintext', (req, res) => {
  res.type('text/plain').send('Hello, World!')
})

app.get('/users/:id', (req, res) => {
  const { success, data, error } = UserPage.safeParse({ ...req.params, ...req.query })
  if (!success) {
    return res.status(400).json({ errors: error.issues })
  }
  res.json(data)
})

app.post('/orders', express.json(), (req, res) => {
  const { success, data: order, error } = Order.safeParse(req.body)
  if (!success) {
    return res.status(422).json({ errors: error.issues })
  }
  res.json({
    customer: order.customer,
    lines: order.lines.length,
    units: order.lines.reduce((sum, line) => sum + line.quantity, 0),
    total_cents: order.lines.reduce((sum, line) => sum + line.quantity * line.price_cents, 0),
  })
})

app.post('/upload', express.raw({ limit: '2mb' }), (req, res) => {
  res.json({ bytes: req.body.length })
})

app.use('/static', express.static(process.env.BENCH_STATIC))

if (process.env.BENCH_DATABASE) {
  app.set('view engine', 'ejs')
  app.set('views', new URL('views', import.meta.url).pathname)
  const { default: worlds } = await import('./worlds.js')
  app.use(worlds)
}

export default app
