// The tables in PostgreSQL, by a pool of connections. Named statements are prepared once for each connection.

import pg from 'pg'

// All workers together: well under the server's default limit of 100.
const CONNECTIONS = 64

const SELECT = { name: 'world', text: 'SELECT id, random_number FROM world WHERE id = $1' }
const UPDATE = { name: 'update', text: 'UPDATE world SET random_number = $1 WHERE id = $2' }
const FORTUNES = { name: 'fortunes', text: 'SELECT id, message FROM fortune' }

export function connect(connectionString) {
  const max = Math.max(1, Math.floor(CONNECTIONS / Number(process.env.BENCH_WORKERS)))
  const pool = new pg.Pool({ connectionString, max })

  async function world(id, client = pool) {
    const { rows } = await client.query({ ...SELECT, values: [id] })
    return rows[0]
  }

  async function fortunes() {
    return (await pool.query(FORTUNES)).rows
  }

  // Gives each of the rows a new number, in one transaction.
  async function update(ids, newNumber) {
    const client = await pool.connect()
    try {
      await client.query('BEGIN')
      const rows = []
      for (const id of ids) {
        rows.push(await world(id, client))
      }
      for (const row of rows) {
        row.random_number = newNumber()
        await client.query({ ...UPDATE, values: [row.random_number, row.id] })
      }
      await client.query('COMMIT')
      return rows
    } catch (error) {
      await client.query('ROLLBACK')
      throw error
    } finally {
      client.release()
    }
  }

  return { world, fortunes, update }
}
