// Door of upstream/ for the router: what a stream tells its pool.
export type { PoolUser } from './upstream/pool-user.ts'
