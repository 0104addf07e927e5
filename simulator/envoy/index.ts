export type { ProxyOptions } from './options.ts'
export { Proxy } from './proxy.ts'
