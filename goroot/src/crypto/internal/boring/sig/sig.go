// Package sig marks in a program which cryptography it holds. Go's own marks are byte sequences in assembly that tools
// look for in executables of gc; Trigo's executables have none, as Go's for other architectures.
package sig

// BoringCrypto says that the BoringCrypto module is there.
func BoringCrypto() {}

// FIPSOnly says that package crypto/tls/fipsonly is there.
func FIPSOnly() {}

// StandardCrypto says that Go's own cryptography is there.
func StandardCrypto() {}
