// Package remote keeps what this machine knows of fleets that live elsewhere: how
// their clusters are reached, and where their cloud's API answers. None of it is a
// source of truth, and all of it can be made anew from the fleet's file. Start
// reading at Fleet.
package remote
