// The bundler takes style sheets as imports; the type checker has to be told.

declare module '*.css';
