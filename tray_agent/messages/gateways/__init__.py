"""Gateways: how a message leaves. One class and one registration each."""
