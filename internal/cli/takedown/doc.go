// Package takedown is what the verbs down and gc share: it takes a fleet in AWS down and
// shows how that goes. What is deleted, and in which order, is lifecycle's. Start reading
// at InAWS.
package takedown
