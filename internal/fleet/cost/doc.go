// Package cost estimates what a fleet's resources cost in a month, from a table
// of list prices that carries its date. It is pure; it never asks a price list,
// and says so where it doesn't know a price. Start reading at Of.
package cost
