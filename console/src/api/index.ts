// What every page asks of the server. A page that asks for more has a file beside this one, loaded with the page.

export * from './cameras';
export * from './http';
