// What an order must look like.

import { z } from 'zod'

const Line = z.object({
  sku: z.string().regex(/^[A-Z]{3}-[0-9]{4}$/),
  quantity: z.int().min(1).max(100),
  price_cents: z.int().min(1).max(1_000_000),
})

export const Order = z.object({
  customer: z.string().min(1).max(80),
  email: z.email(),
  currency: z.enum(['EUR', 'USD', 'GBP']),
  express: z.boolean(),
  lines: z.array(Line).min(1).max(50),
  note: z.string().max(200).optional(),
})
