// What each route takes and gives.

const integer = { type: 'integer' }
const string = { type: 'string' }

function object(properties, required = Object.keys(properties)) {
  return { type: 'object', properties, required }
}

export const hello = { response: { 200: object({ message: string }) } }

export const user = {
  params: object({ id: integer }),
  querystring: object({ q: string, page: integer }),
  response: { 200: object({ id: integer, q: string, page: integer }) },
}

const line = object({
  sku: { type: 'string', pattern: '^[A-Z]{3}-[0-9]{4}$' },
  quantity: { type: 'integer', minimum: 1, maximum: 100 },
  price_cents: { type: 'integer', minimum: 1, maximum: 1_000_000 },
})

export const order = {
  body: object(
    {
      customer: { type: 'string', minLength: 1, maxLength: 80 },
      email: { type: 'string', format: 'email' },
      currency: { type: 'string', enum: ['EUR', 'USD', 'GBP'] },
      express: { type: 'boolean' },
      lines: { type: 'array', items: line, minItems: 1, maxItems: 50 },
      note: { type: 'string', maxLength: 200 },
    },
    ['customer', 'email', 'currency', 'express', 'lines'],
  ),
  response: { 200: object({ customer: string, lines: integer, units: integer, total_cents: integer }) },
}

export const upload = { response: { 200: object({ bytes: integer }) } }

const row = object({ id: integer, random_number: integer })

export const world = { response: { 200: row } }

export const worlds = { response: { 200: { type: 'array', items: row } } }
