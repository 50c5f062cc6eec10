package config

import (
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// urlMask stands for a password within a URL, where asterisks would be percent-encoded.
const urlMask = "xxxxx"

// scheme returns what stands before the first colon, if it can be a scheme (RFC 3986, 3.1).
func scheme(text string) string {
	before, _, ok := strings.Cut(text, ":")
	if !ok || !schemePattern.MatchString(before) {
		return ""
	}
	return before
}

var schemePattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*$`)

// maskURL replaces the password of the authority, and in the query everything after the name of the first parameter
// that sounds like a secret: an & within it that isn't percent-encoded would look like the next parameter.
func maskURL(text string) string {
	head, rest, ok := strings.Cut(text, "://")
	if !ok {
		return text
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	authority, tail := rest[:end], rest[end:]
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		if user, _, hasPassword := strings.Cut(authority[:at], ":"); hasPassword {
			authority = user + ":" + urlMask + authority[at:]
		}
	}
	return head + "://" + authority + maskQuery(tail)
}

func maskQuery(tail string) string {
	path, query, ok := strings.Cut(tail, "?")
	if !ok {
		return tail
	}
	shown := path + "?"
	for param := range strings.SplitSeq(query, "&") {
		name, _, hasValue := strings.Cut(param, "=")
		decoded, err := url.QueryUnescape(name)
		if hasValue && (err != nil || secretName.MatchString(decoded)) {
			return shown + name + "=" + urlMask
		}
		shown += param + "&"
	}
	return strings.TrimSuffix(shown, "&")
}

var secretName = regexp.MustCompile(`(?i)pass|pwd|secret|token`)

// serverURL tells whether a URL has the form scheme://[user[:password]@]host[:port][/path][?query]. A password with a
// character that ends the authority would have its rest taken for a path or a query, and be shown; so no @ may follow
// the authority, unless it is percent-encoded.
func serverURL(text string, path *regexp.Regexp) bool {
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" || strings.Contains(text, "#") || !path.MatchString(u.Path) {
		return false
	}
	if _, err := url.ParseQuery(u.RawQuery); err != nil {
		return false
	}
	return !strings.Contains(u.EscapedPath(), "@") && !strings.Contains(u.RawQuery, "@")
}

var (
	postgresPath = regexp.MustCompile(`^(/[^/]*)?$`)
	redisPath    = regexp.MustCompile(`^(/[0-9]*)?$`)
)

func validStoreURL(text string) bool {
	switch scheme(text) {
	case "sqlite":
		return text == "sqlite:"
	case "postgres", "postgresql":
		return strings.Contains(text, "://") && serverURL(text, postgresPath)
	}
	return false
}

func validCacheURL(text string) bool {
	switch scheme(text) {
	case "memory":
		return text == "memory:"
	case "redis", "rediss":
		u, err := url.Parse(text)
		return err == nil && u.Hostname() != "" && serverURL(text, redisPath)
	}
	return false
}

func validBusURL(text string) bool {
	if text == "local:" {
		return true
	}
	list, ok := strings.CutPrefix(text, "kafka://")
	if !ok {
		return false
	}
	_, ok = parseBrokers(list)
	return ok
}

// parseBrokers reads host[:port],… and returns each as host:port.
func parseBrokers(list string) ([]string, bool) {
	if strings.ContainsAny(list, "@?#") {
		return nil, false
	}
	var brokers []string
	for part := range strings.SplitSeq(strings.TrimSuffix(list, "/"), ",") {
		host, port, ok := splitHostPort(strings.TrimSpace(part), defaultKafkaPort)
		if !ok || host == "" || port == "0" {
			return nil, false
		}
		brokers = append(brokers, net.JoinHostPort(host, port))
	}
	return brokers, true
}

// splitHostPort splits host:port, or takes the default port when there is none and one is given. The port is a number.
func splitHostPort(text, defaultPort string) (host, port string, ok bool) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		if defaultPort == "" {
			return "", "", false
		}
		if host, port, err = net.SplitHostPort(text + ":" + defaultPort); err != nil {
			return "", "", false
		}
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil || !validHost(host) {
		return "", "", false
	}
	return host, port, true
}

// validHost refuses what can be neither a name nor an address; whether it is one, the resolver knows.
func validHost(host string) bool {
	return !strings.ContainsFunc(host, func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune(`/\@?#"'`, r)
	})
}
