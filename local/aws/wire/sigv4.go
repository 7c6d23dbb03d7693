package wire

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	algorithm   = "AWS4-HMAC-SHA256"
	amzTime     = "20060102T150405Z"
	maxSkew     = 5 * time.Minute    // "Elements of an AWS API request signature", IAM User Guide
	maxLifetime = 7 * 24 * time.Hour // of a presigned address
	emptyHash   = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

// stsLifetime is how long STS takes a presigned address, whatever that says of
// itself. Tokens of EKS, which say 60 seconds, live from it ("API authorization
// plugin", aws-iam-authenticator).
const stsLifetime = 15 * time.Minute

// Signature is what a request says about who sent it, and to whom.
type Signature struct {
	AccessKey, Date, Region, Service string
	Token                            string // of temporary credentials
	Time                             time.Time
	Presigned                        bool
	Expires                          time.Duration // of a presigned address
	headers                          []string
	signature                        string
}

// Flaw is what is wrong with a signature.
type Flaw string

// Flaws. Each service has codes of its own for them (SignatureError).
const (
	Unsigned     Flaw = "unsigned"
	Malformed    Flaw = "malformed"
	Skewed       Flaw = "skewed"
	Expired      Flaw = "expired"
	UnknownKey   Flaw = "unknown key"
	WrongToken   Flaw = "wrong token"
	Mismatched   Flaw = "mismatched"
	WrongPayload Flaw = "wrong payload"
)

// ParseSignature reads the Authorization header or a presigned address. The
// flaw is "" when it is well formed.
func ParseSignature(r *http.Request) (*Signature, Flaw) {
	if r.URL.Query().Has("X-Amz-Signature") {
		return parsePresigned(r.URL.Query())
	}
	rest, ok := strings.CutPrefix(r.Header.Get("Authorization"), algorithm+" ")
	if !ok {
		return nil, Unsigned
	}
	parts := map[string]string{}
	for _, p := range strings.Split(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		parts[name] = value
	}
	s := &Signature{
		headers: strings.Split(parts["SignedHeaders"], ";"), signature: parts["Signature"],
		Token: r.Header.Get("X-Amz-Security-Token"),
	}
	return s, s.parse(parts["Credential"], r.Header.Get("X-Amz-Date"))
}

func parsePresigned(q url.Values) (*Signature, Flaw) {
	s := &Signature{
		headers: strings.Split(q.Get("X-Amz-SignedHeaders"), ";"), signature: q.Get("X-Amz-Signature"),
		Token: q.Get("X-Amz-Security-Token"), Presigned: true,
	}
	seconds, err := strconv.Atoi(q.Get("X-Amz-Expires"))
	if q.Get("X-Amz-Algorithm") != algorithm || (err != nil && q.Has("X-Amz-Expires")) {
		return nil, Malformed
	}
	s.Expires = stsLifetime
	if err == nil {
		s.Expires = time.Duration(seconds) * time.Second
	}
	if s.Expires < time.Second || s.Expires > maxLifetime {
		return nil, Malformed
	}
	flaw := s.parse(q.Get("X-Amz-Credential"), q.Get("X-Amz-Date"))
	if s.Service == "sts" {
		s.Expires = stsLifetime
	}
	return s, flaw
}

func (s *Signature) parse(credential, date string) Flaw {
	scope := strings.Split(credential, "/")
	if len(scope) != 5 || scope[4] != "aws4_request" || s.signature == "" || !slices.Contains(s.headers, "host") {
		return Malformed
	}
	s.AccessKey, s.Date, s.Region, s.Service = scope[0], scope[1], scope[2], scope[3]
	t, err := time.Parse(amzTime, date)
	if err != nil || t.Format("20060102") != s.Date {
		return Malformed
	}
	s.Time = t
	return ""
}

// Check compares the signature's time with now, and its payload hash with the
// body.
func (s *Signature) Check(r *http.Request, body []byte, now time.Time) Flaw {
	age := now.Sub(s.Time)
	switch sum := sha256.Sum256(body); {
	case s.Presigned && age > s.Expires:
		return Expired
	case -age > maxSkew, !s.Presigned && age > maxSkew:
		return Skewed
	case s.declaredHash(r) != "" && s.declaredHash(r) != hex.EncodeToString(sum[:]):
		return WrongPayload
	}
	return ""
}

func (s *Signature) declaredHash(r *http.Request) string {
	if h := r.Header.Get("X-Amz-Content-Sha256"); h != "UNSIGNED-PAYLOAD" {
		return h
	}
	return ""
}

// Verify says whether the signature was made with a secret.
func (s *Signature) Verify(r *http.Request, body []byte, secret string) Flaw {
	if hmac.Equal([]byte(s.signature), []byte(s.sign(r, body, secret))) {
		return ""
	}
	return Mismatched
}

func (s *Signature) sign(r *http.Request, body []byte, secret string) string {
	canonical := sha256.Sum256([]byte(s.canonicalRequest(r, body)))
	key := []byte("AWS4" + secret)
	for _, part := range []string{s.Date, s.Region, s.Service, "aws4_request"} {
		key = mac(key, part)
	}
	return hex.EncodeToString(mac(key, strings.Join([]string{
		algorithm, s.Time.Format(amzTime), strings.Join([]string{s.Date, s.Region, s.Service, "aws4_request"}, "/"),
		hex.EncodeToString(canonical[:]),
	}, "\n")))
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func (s *Signature) canonicalRequest(r *http.Request, body []byte) string {
	path := r.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	var headers strings.Builder
	for _, name := range s.headers {
		headers.WriteString(name + ":" + headerValue(r, name) + "\n")
	}
	return strings.Join([]string{
		r.Method, escape(path, true), canonicalQuery(r.URL.Query()), headers.String(),
		strings.Join(s.headers, ";"), s.payloadHash(r, body),
	}, "\n")
}

func (s *Signature) payloadHash(r *http.Request, body []byte) string {
	if h := r.Header.Get("X-Amz-Content-Sha256"); h != "" {
		return h
	}
	if s.Presigned {
		return emptyHash
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

func headerValue(r *http.Request, name string) string {
	switch name {
	case "host":
		return r.Host
	case "content-length":
		return strconv.FormatInt(r.ContentLength, 10)
	}
	values := slices.Clone(r.Header.Values(name))
	for i, v := range values {
		values[i] = strings.Join(strings.Fields(v), " ")
	}
	return strings.Join(values, ",")
}

func canonicalQuery(q url.Values) string {
	var pairs []string
	for name, values := range q {
		if name == "X-Amz-Signature" {
			continue
		}
		for _, v := range values {
			pairs = append(pairs, escape(name, false)+"="+escape(v, false))
		}
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

// escape is AWS's UriEncode: everything but unreserved characters, and
// slashes when they are kept.
func escape(s string, keepSlash bool) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9',
			strings.IndexByte("-._~", c) >= 0, c == '/' && keepSlash:
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', digits[c>>4], digits[c&15]})
		}
	}
	return b.String()
}
