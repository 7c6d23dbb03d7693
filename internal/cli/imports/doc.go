// Package imports is the verb import, which as a word of Go's can't name a package: a file
// for each kind of objects that it reads. How they are turned is internal/importer's. Start
// reading at Command.
package imports
