package wire

// SignatureError is a service's answer to a flaw.
func SignatureError(service string, flaw Flaw) *Error {
	codes := queryFlaws
	switch service {
	case "ec2":
		codes = ec2Flaws
	case "iam", "sts":
	default:
		codes = jsonFlaws
	}
	return Errorf(codes[flaw], "%s", flawMessages[flaw])
}

var ec2Flaws = map[Flaw]string{
	Unsigned: "MissingAuthenticationToken", Malformed: "AuthFailure", Skewed: "RequestExpired", Expired: "RequestExpired",
	UnknownKey: "AuthFailure", WrongToken: "AuthFailure", Mismatched: "SignatureDoesNotMatch", WrongPayload: "SignatureDoesNotMatch",
}

var queryFlaws = map[Flaw]string{
	Unsigned: "MissingAuthenticationToken", Malformed: "IncompleteSignature", Skewed: "SignatureDoesNotMatch", Expired: "ExpiredToken",
	UnknownKey: "InvalidClientTokenId", WrongToken: "InvalidClientTokenId", Mismatched: "SignatureDoesNotMatch", WrongPayload: "SignatureDoesNotMatch",
}

var jsonFlaws = map[Flaw]string{
	Unsigned: "MissingAuthenticationTokenException", Malformed: "IncompleteSignatureException", Skewed: "InvalidSignatureException",
	Expired: "InvalidSignatureException", UnknownKey: "UnrecognizedClientException", WrongToken: "UnrecognizedClientException",
	Mismatched: "InvalidSignatureException", WrongPayload: "InvalidSignatureException",
}

var flawMessages = map[Flaw]string{
	Unsigned:     "Request is missing Authentication Token",
	Malformed:    "The signature doesn't have the form of Signature Version 4: a credential scope of key/date/region/service/aws4_request, the host among the signed headers, and X-Amz-Date of the same day",
	Skewed:       "Signature expired or not yet current: the time of X-Amz-Date is more than 5 minutes from this machine's; set the clock",
	Expired:      "The presigned address has expired; sign a new one",
	UnknownKey:   "AWS was not able to validate the provided access credentials: the access key is unknown, or the region is not enabled for the account",
	WrongToken:   "The security token included in the request is invalid",
	Mismatched:   "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.",
	WrongPayload: "The payload's hash is not the one in X-Amz-Content-Sha256",
}
