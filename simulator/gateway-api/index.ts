export { convertGatewayApi } from './convert.ts'
