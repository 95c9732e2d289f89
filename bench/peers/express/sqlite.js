// The tables in SQLite: one connection and its prepared statements, called without waiting.

import Database from 'better-sqlite3'

const PATIENCE_MS = 30_000

export function connect(url) {
  const db = new Database(url.slice('sqlite:'.length), { fileMustExist: true, timeout: PATIENCE_MS })
  // The binding's own default lets a power cut undo what was answered.
  db.pragma('synchronous = FULL')
  const select = db.prepare('SELECT id, random_number FROM world WHERE id = ?')
  const write = db.prepare('UPDATE world SET random_number = ? WHERE id = ?')
  const selectFortunes = db.prepare('SELECT id, message FROM fortune')

  // Gives each of the rows a new number, in one transaction.
  const update = db.transaction((ids, newNumber) => {
    const rows = ids.map((id) => select.get(id))
    for (const row of rows) {
      row.random_number = newNumber()
      write.run(row.random_number, row.id)
    }
    return rows
  })

  return {
    world: (id) => select.get(id),
    fortunes: () => selectFortunes.all(),
    // Immediate: takes the lock when it begins, as a reader that turns writer could only fail.
    update: update.immediate,
  }
}
