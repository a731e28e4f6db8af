// What every page asks of the server. What a page asks for besides is in a file of its own beside this one (`api/shifts`):
// named from there, it is loaded with that page and not with the first.

export * from './cameras';
export * from './http';
