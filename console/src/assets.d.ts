// Scripts that run apart from the page are copied as they are; importing one gives its address.

declare module '*.worklet.js' {
  const address: string;
  export default address;
}
