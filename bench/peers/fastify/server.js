// Starts a cluster of BENCH_WORKERS processes, which SIGTERM ends with it.

import cluster from 'node:cluster'

const workers = Number(process.env.BENCH_WORKERS)

if (cluster.isPrimary) {
  for (let worker = 0; worker < workers; worker++) {
    cluster.fork()
  }
  process.on('SIGTERM', () => {
    for (const worker of Object.values(cluster.workers)) {
      worker.process.kill()
    }
    process.exit()
  })
} else {
  const { build } = await import('./app.js')
  const app = await build()
  await app.listen({ port: Number(process.env.BENCH_PORT), host: '127.0.0.1' })
}
